import Glibc

/// Floats with a shape, in a mapped file or in memory.
///
/// Copies and rows share the floats; they are never changed. What a file holds in 16 bits is widened
/// each time it is asked for, so a model of such floats takes no memory while it is mapped.
package struct WeightTensor: Sendable {
  private enum Values: Sendable {
    /// Bytes of a file; F32, F16 or BF16.
    case stored(ByteStorage, Range<Int>, SafetensorsDType)
    case owned(ArraySlice<Float>)
  }

  /// Outermost axis first; empty for a scalar.
  package let shape: [Int]
  private let values: Values

  /// Holds `values`, row-major, exactly as many as `shape` has elements.
  package init(shape: [Int], values: [Float]) {
    precondition(
      shape.reduce(1, *) == values.count, "\(values.count) values do not fill \(shape)")
    self.init(shape: shape, .owned(values[...]))
  }

  /// Holds floats of a file: `range` fits `shape` in the type `dtype`, which is F32, F16 or BF16.
  init(shape: [Int], storage: ByteStorage, range: Range<Int>, dtype: SafetensorsDType) {
    precondition(
      range.count == shape.reduce(dtype.byteCount, *), "\(range.count) bytes do not fill \(shape)")
    self.init(shape: shape, .stored(storage, range, dtype))
  }

  private init(shape: [Int], _ values: Values) {
    self.shape = shape
    self.values = values
  }

  /// The number of floats.
  package var elementCount: Int { shape.reduce(1, *) }

  /// The same floats with other axes, of the same number of elements.
  func reshaped(_ shape: [Int]) -> WeightTensor {
    precondition(shape.reduce(1, *) == elementCount, "\(elementCount) values do not fill \(shape)")
    return WeightTensor(shape: shape, values)
  }

  /// The part with these indices on the first axis, which there is.
  package func rows(_ rows: Range<Int>) -> WeightTensor {
    precondition(rows.lowerBound >= 0 && rows.upperBound <= shape[0], "rows \(rows) of \(shape)")
    let count = shape.dropFirst().reduce(1, *)
    let part = [rows.count] + shape.dropFirst()
    switch values {
    case .owned(let values):
      let start = values.startIndex + rows.lowerBound * count
      return WeightTensor(shape: part, .owned(values[start..<start + rows.count * count]))
    case .stored(let storage, let range, let dtype):
      let start = range.lowerBound + rows.lowerBound * count * dtype.byteCount
      let end = start + rows.count * count * dtype.byteCount
      return WeightTensor(shape: part, .stored(storage, start..<end, dtype))
    }
  }

  /// Gives `body` the floats, row-major, for the time of the call.
  package func withFloats<Result, Failure: Error>(
    _ body: (UnsafeBufferPointer<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    switch values {
    case .owned(let values): return try values.withUnsafeBufferPointer(body)
    case .stored(let storage, let range, let dtype):
      defer { extendLifetime(storage) }
      let bytes = UnsafeRawBufferPointer(rebasing: storage.bytes[range])
      // The file is mapped at a page boundary, but another program may have left gaps in it.
      if dtype == .f32, range.lowerBound % 4 == 0 {
        return try body(bytes.bindMemory(to: Float.self))
      }
      return try Widening.floats(bytes, of: dtype).withUnsafeBufferPointer(body)
    }
  }

  /// A copy of the floats.
  package var floats: [Float] { withFloats { Array($0) } }

  /// Whether both have the same floats bit by bit, which tells 0 from -0; shapes do not matter.
  package func hasSameBytes(as other: WeightTensor) -> Bool {
    if case .stored(let storage, let range, let dtype) = values,
      case .stored(let otherStorage, let otherRange, dtype) = other.values
    {
      // Widening keeps floats apart that are different.
      defer { extendLifetime((storage, otherStorage)) }
      return Self.equal(
        UnsafeRawBufferPointer(rebasing: storage.bytes[range]),
        UnsafeRawBufferPointer(rebasing: otherStorage.bytes[otherRange]))
    }
    return withFloats { values in
      other.withFloats {
        Self.equal(UnsafeRawBufferPointer(values), UnsafeRawBufferPointer($0))
      }
    }
  }

  private static func equal(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
    guard a.count == b.count else { return false }
    guard let first = a.baseAddress, let second = b.baseAddress else { return true }
    return memcmp(first, second, a.count) == 0
  }
}

/// Floats of a file as binary32, which holds all of them exactly.
private enum Widening {
  /// Any alignment; `dtype` is F32, F16 or BF16.
  static func floats(_ bytes: UnsafeRawBufferPointer, of dtype: SafetensorsDType) -> [Float] {
    switch dtype {
    case .f32: map(bytes) { (bits: UInt32) in Float(bitPattern: bits) }
    case .bf16: map(bytes) { (bits: UInt16) in Float(bitPattern: UInt32(bits) << 16) }
    case .f16: map(bytes, Half.float)
    case .i64, .i32, .u8, .i8, .bool: preconditionFailure("\(dtype) holds no floats")
    }
  }

  private static func map<Bits: BitwiseCopyable>(
    _ bytes: UnsafeRawBufferPointer, _ float: (Bits) -> Float
  ) -> [Float] {
    let size = MemoryLayout<Bits>.size
    return [Float](unsafeUninitializedCapacity: bytes.count / size) { target, count in
      count = bytes.count / size
      for index in 0..<count {
        target[index] = float(bytes.loadUnaligned(fromByteOffset: index * size, as: Bits.self))
      }
    }
  }
}
