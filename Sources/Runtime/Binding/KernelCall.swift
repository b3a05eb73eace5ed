import CKernels

/// One call of a kernel before memory is known: what it touches, and how its arguments are made.
struct KernelCall {
  /// A result that may lie where an operand does, when nobody reads the operand afterwards.
  struct InPlace {
    let result: Int
    let operand: Int
  }

  let op: ck_op
  /// Buffers it reads.
  let reads: [Int]
  /// Buffers it writes, scratch included.
  let writes: [Int]
  /// In order of preference.
  let inPlace: [InPlace]
  /// Whether it touches other elements than the call before it, although maybe of the same buffers.
  let isApartFromPrevious: Bool
  /// Bytes of its arguments.
  let argumentBytes: Int
  /// Writes its arguments to a place of `argumentBytes` bytes.
  let writeArguments: (BoundMemory, UnsafeMutableRawPointer) -> Void

  init<Arguments>(
    _ op: ck_op, reads: [Int], writes: [Int], inPlace: [InPlace] = [],
    isApartFromPrevious: Bool = false, arguments: @escaping (BoundMemory) -> Arguments
  ) {
    self.op = op
    self.reads = reads
    self.writes = writes
    self.inPlace = inPlace
    self.isApartFromPrevious = isApartFromPrevious
    argumentBytes = MemoryLayout<Arguments>.size
    writeArguments = { memory, place in
      place.initializeMemory(as: Arguments.self, to: arguments(memory))
    }
  }

  /// A call whose arguments point to numbers of their own, which lie behind them.
  init<Arguments>(
    _ op: ck_op, reads: [Int], writes: [Int], constants: [Float],
    arguments: @escaping (BoundMemory, UnsafePointer<Float>) -> Arguments
  ) {
    (self.op, self.reads, self.writes) = (op, reads, writes)
    (inPlace, isApartFromPrevious) = ([], false)
    let start = MemoryLayout<Arguments>.stride
    argumentBytes = start + constants.count * MemoryLayout<Float>.stride
    writeArguments = { memory, place in
      let numbers = (place + start).initializeMemory(
        as: Float.self, from: constants, count: constants.count)
      place.initializeMemory(as: Arguments.self, to: arguments(memory, numbers))
    }
  }
}

/// Where every buffer of a function lies.
struct BoundMemory {
  /// By buffer.
  let addresses: [UnsafeMutableRawPointer]
  /// A float 0 that nobody writes.
  let zero: UnsafePointer<Float>

  func f32(_ buffer: Int) -> UnsafeMutablePointer<Float> {
    addresses[buffer].assumingMemoryBound(to: Float.self)
  }

  func f64(_ buffer: Int) -> UnsafeMutablePointer<Double> {
    addresses[buffer].assumingMemoryBound(to: Double.self)
  }

  func i32(_ buffer: Int) -> UnsafeMutablePointer<Int32> {
    addresses[buffer].assumingMemoryBound(to: Int32.self)
  }

  func f16(_ buffer: Int) -> UnsafeMutablePointer<UInt16> {
    addresses[buffer].assumingMemoryBound(to: UInt16.self)
  }

  func u8(_ buffer: Int) -> UnsafeMutablePointer<UInt8> {
    addresses[buffer].assumingMemoryBound(to: UInt8.self)
  }
}
