/// The checks that ops' shape inference is made of; each throws with the op's name in the message.
struct TypeChecker {
  let op: String

  init(_ definition: some OpDefinition) { op = type(of: definition).mnemonic }

  func fail(_ message: String) -> GraphError { GraphError("\(op): \(message)") }

  func count(_ inputs: [TensorType], _ expected: Int) throws(GraphError) {
    guard inputs.count == expected else {
      throw fail("expected \(expected) inputs, found \(inputs.count)")
    }
  }

  func dtype(_ input: TensorType, _ expected: DType, _ name: String) throws(GraphError) {
    guard input.dtype == expected else {
      throw fail("expected \(name) of type \(expected.rawValue), found \(input)")
    }
  }

  func shape(_ input: TensorType, _ expected: Shape, _ name: String) throws(GraphError) {
    guard input.shape == expected else {
      throw fail("expected \(name) of shape \(expected), found \(input)")
    }
  }

  func rank(_ input: TensorType, atLeast rank: Int, _ name: String) throws(GraphError) {
    guard input.shape.count >= rank else {
      throw fail("expected \(name) of rank \(rank) or more, found \(input)")
    }
  }

  func rank(_ input: TensorType, _ rank: Int, _ name: String) throws(GraphError) {
    guard input.shape.count == rank else {
      throw fail("expected \(name) of rank \(rank), found \(input)")
    }
  }

  func axis(_ axis: Int, of input: TensorType) throws(GraphError) {
    guard input.shape.indices.contains(axis) else {
      throw fail("axis \(axis) is outside \(input)")
    }
  }

  /// The common shape under NumPy's rule: aligned at the last axis, a length of 1 stretches.
  func broadcast(_ a: Shape, _ b: Shape) throws(GraphError) -> Shape {
    let rank = max(a.count, b.count)
    var shape: Shape = []
    for index in 0..<rank {
      let x = index < rank - a.count ? 1 : a[index - (rank - a.count)]
      let y = index < rank - b.count ? 1 : b[index - (rank - b.count)]
      guard x == y || x == 1 || y == 1 else { throw fail("\(a) and \(b) do not broadcast") }
      shape.append(x == 1 ? y : x)
    }
    return shape
  }

  /// `part` must be the last axes of `whole`: it repeats along the leading ones.
  func suffix(_ part: TensorType, of whole: Shape, _ name: String) throws(GraphError) {
    guard part.dtype == .f32, part.shape.count <= whole.count,
      Shape(whole.suffix(part.shape.count)) == part.shape
    else { throw fail("expected \(name) to be f32 with the last axes of \(whole), found \(part)") }
  }
}
