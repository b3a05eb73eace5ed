import Formats

/// A tensor of a function with its lengths known.
struct BoundTensor {
  /// Index into the function's tensors.
  let index: Int
  let dtype: PlanDType
  let shape: [Int]
  /// Elements; the product of `shape`.
  let count: Int
  /// Index of the tensor whose bytes these are: its own, unless it is an alias.
  let root: Int
  /// Index into the weight table, of the root's weight.
  let weight: Int?

  var byteCount: Int { count * dtype.byteCount }

  /// Elements between neighbours along each axis, row-major; lengths of 0 count as 1.
  var strides: [Int] { denseStrides(shape) }

  /// "f32[2, 197, 768]", as messages show it.
  var description: String {
    let name = "\(dtype)"
    return "\(name)[\(shape.map(String.init).joined(separator: ", "))]"
  }
}

/// Elements between neighbours along each axis of a row-major tensor; lengths of 0 count as 1.
func denseStrides(_ shape: [Int]) -> [Int] {
  var strides = [Int](repeating: 1, count: shape.count)
  for axis in shape.indices.dropLast().reversed() {
    strides[axis] = strides[axis + 1] * max(1, shape[axis + 1])
  }
  return strides
}

/// The product of lengths; for shapes that were bound, where it is known to fit.
func elementCount(_ shape: some Sequence<Int>) -> Int { shape.reduce(1, *) }
