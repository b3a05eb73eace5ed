/// Floats with a shape, in a mapped file or in memory.
///
/// Copies share the floats; they are never changed.
package struct WeightTensor: Sendable {
  private enum Values: Sendable {
    /// Aligned bytes of a file.
    case stored(ByteStorage, Range<Int>)
    case owned([Float])
  }

  /// Outermost axis first; empty for a scalar.
  package let shape: [Int]
  private let values: Values

  /// Holds `values`, row-major, exactly as many as `shape` has elements.
  package init(shape: [Int], values: [Float]) {
    precondition(
      shape.reduce(1, *) == values.count, "\(values.count) values do not fill \(shape)")
    self.shape = shape
    self.values = .owned(values)
  }

  /// Holds floats of a file: `range` starts at a multiple of 4 and fits `shape`.
  init(shape: [Int], storage: ByteStorage, range: Range<Int>) {
    self.shape = shape
    values = .stored(storage, range)
  }

  /// The number of floats.
  package var elementCount: Int { shape.reduce(1, *) }

  /// Gives `body` the floats, row-major, for the time of the call.
  package func withFloats<Result, Failure: Error>(
    _ body: (UnsafeBufferPointer<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    switch values {
    case .owned(let values): return try values.withUnsafeBufferPointer(body)
    case .stored(let storage, let range):
      defer { extendLifetime(storage) }
      return try body(
        UnsafeRawBufferPointer(rebasing: storage.bytes[range]).bindMemory(to: Float.self))
    }
  }

  /// A copy of the floats.
  package var floats: [Float] { withFloats { Array($0) } }
}
