package import Graph
import Randomness

extension Tensor {
  /// An f32 tensor of uniform values in `range`, each exact in binary32 so that kernels can be
  /// given the very same numbers.
  package static func random(
    _ shape: [Int], seed: UInt64, in range: ClosedRange<Double> = -1...1
  ) -> Tensor {
    var generator = SeededRandom(seed: seed)
    return .f32(
      shape,
      (0..<shape.reduce(1, *)).map { _ in
        let value = range.lowerBound + generator.unit() * (range.upperBound - range.lowerBound)
        return Double(Float(value))
      })
  }

  /// An integer tensor of uniform values in `range`.
  package static func random(
    _ dtype: DType, _ shape: [Int], seed: UInt64, in range: ClosedRange<Int>
  ) -> Tensor {
    var generator = SeededRandom(seed: seed)
    return Tensor(
      dtype, shape,
      (0..<shape.reduce(1, *)).map { _ in Double(Int.random(in: range, using: &generator)) })
  }
}
