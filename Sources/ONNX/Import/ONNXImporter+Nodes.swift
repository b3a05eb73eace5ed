import Diagnostics
import Graph

extension ONNXImporter {
  /// What a node's outputs are.
  mutating func translate(_ node: ONNXNode) throws(KnownError) -> [Term] {
    switch node.op {
    case "Identity": return [try term(node, 0)]
    case "Constant": return [.known(try constant(node))]
    case "Dropout": return [try dropout(node)]
    case "Cast", "CastLike": return [try cast(node)]
    case "Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Mod":
      return [try arithmetic(node)]
    case "Neg", "Sqrt", "Reciprocal", "Erf", "Tanh", "Sigmoid", "IsNaN", "ReduceMean":
      return [try function(node)]
    case "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "And", "Or", "Not", "Where":
      return [try logic(node)]
    case "MatMul":
      return [.value(try apply(.matMul(MatMul()), try value(node, 0), try value(node, 1)))]
    case "Gemm": return [.value(try gemm(node))]
    case "Conv": return [.value(try convolution(node))]
    case "LayerNormalization": return [.value(try layerNorm(node))]
    case "Softmax": return [.value(try softmax(node))]
    case "Gelu": return [.value(try gelu(node))]
    case "Shape", "Size", "ConstantOfShape", "Range", "Trilu", "GatherND", "GatherElements":
      return [.known(try shapeArithmetic(node))]
    case "Reshape", "Flatten", "Unsqueeze", "Squeeze": return [try reshape(node)]
    case "Transpose": return [try transpose(node)]
    case "Expand", "Tile": return [try expand(node)]
    case "Concat": return [try concat(node)]
    case "Slice": return [try slice(node)]
    case "Split": return try split(node)
    case "Gather": return [try gather(node)]
    default: throw KnownError("operator '\(node.op.cut(to: 100))'")
    }
  }

  private func constant(_ node: ONNXNode) throws(KnownError) -> Known {
    let values = node.attributes.filter { $0.key.hasPrefix("value") }
    guard values.count == 1 else { throw KnownError("a constant of \(values.count) values") }
    switch values.first?.value {
    case .tensor(var tensor)?:
      // A weight's name is the initializer's; this one is a number in a formula.
      tensor.name = ""
      return try Known(tensor)
    case .int(let value)?: return Known(Dimension(value))
    case .float(let value)?: return Known(value)
    case .ints(let values)?: return Known(ints: values.map { Dimension($0) })
    case .floats(let values)?:
      return try Known(
        .floats(values), shape: [Dimension(values.count)], lengths: [values.count])
    default: throw KnownError("a constant of another kind")
    }
  }

  private func dropout(_ node: ONNXNode) throws(KnownError) -> Term {
    if has(node, 2), case .bools(let flags)? = try known(node, 2)?.uniform, flags == [true] {
      let rate = try has(node, 1) ? known(node, 1)?.uniformFloat : 0.5
      guard rate == 0 else {
        throw KnownError("dropout that is on: export the model after model.eval()")
      }
    }
    return try term(node, 0)
  }

  private mutating func cast(_ node: ONNXNode) throws(KnownError) -> Term {
    let term = try term(node, 0)
    if node.op == "CastLike" { return term }
    guard let type = ONNXType(rawValue: Int32(truncatingIfNeeded: try node.int("to", default: 1)))
    else { throw KnownError("a cast to element type \(try node.int("to", default: 1))") }
    switch term {
    case .known(let known): return .known(try known.cast(to: type))
    case .partial where type.isFloating: return term
    case .value(let value):
      let isFloat = graph.type(value).dtype == .f32
      guard isFloat == type.isFloating, type != .bool else {
        throw KnownError("a cast of \(graph.type(value)) to \(type)")
      }
      return term
    case .partial: throw KnownError("a cast to \(type)")
    }
  }

  private mutating func gemm(_ node: ONNXNode) throws(KnownError) -> Value {
    let transposeA = try node.int("transA", default: 0) == 1
    let transposeB = try node.int("transB", default: 0) == 1
    let product = try apply(
      .matMul(MatMul(transposeA: transposeA, transposeB: transposeB)), try value(node, 0),
      try value(node, 1))
    let scaled = try scaled(product, by: try node.float("alpha", default: 1))
    guard has(node, 2) else { return scaled }
    let addend = try self.scaled(try value(node, 2), by: try node.float("beta", default: 1))
    return try apply(.add(Add()), scaled, addend)
  }

  /// A convolution whose kernel is its stride: patches times a matrix.
  private mutating func convolution(_ node: ONNXNode) throws(KnownError) -> Value {
    let pixels = try value(node, 0)
    let weight = try value(node, 1)
    let (image, kernel) = (graph.shape(pixels), graph.shape(weight))
    guard image.count == 4, kernel.count == 4, let size = kernel[2].constant,
      kernel[3] == kernel[2],
      image[1] == kernel[1], let height = image[2].constant, let width = image[3].constant,
      try node.ints("strides") ?? [1, 1] == [size, size],
      try node.ints("pads") ?? [0] == [Int](repeating: 0, count: try node.ints("pads")?.count ?? 1),
      try node.ints("dilations") ?? [1, 1] == [1, 1], try node.int("group", default: 1) == 1,
      ["NOTSET", "VALID"].contains(try node.string("auto_pad", default: "NOTSET"))
    else {
      throw KnownError(
        "a convolution that is no division into square patches of an image of known size")
    }
    let matrix = try apply(
      .reshape(Reshape(shape: [kernel[0], kernel[1] * kernel[2] * kernel[3]])), weight)
    var rows = try apply(
      .matMul(MatMul(transposeB: true)),
      try apply(.patches(Patches(PatchForm(size: size))), pixels), matrix)
    if has(node, 2) { rows = try apply(.add(Add()), rows, try value(node, 2)) }
    let channels = try apply(.transpose(Transpose(permutation: [0, 2, 1])), rows)
    return try apply(
      .reshape(
        Reshape(
          shape: [image[0], kernel[0], Dimension(height / size), Dimension(width / size)])),
      channels)
  }

  private mutating func layerNorm(_ node: ONNXNode) throws(KnownError) -> Value {
    let x = try value(node, 0)
    let rank = graph.shape(x).count
    guard try normalized(try node.int("axis", default: -1), rank: rank) == rank - 1,
      node.outputs.dropFirst().allSatisfy(\.isEmpty)
    else { throw KnownError("a layer norm of another axis than the last, or its statistics") }
    let gamma = try value(node, 1)
    let beta =
      has(node, 2)
      ? try value(node, 2)
      : try apply(.constant(Constant(value: 0, shape: [graph.shape(x)[rank - 1]])))
    let epsilon = try node.float("epsilon", default: 1e-5)
    return try apply(.layerNorm(LayerNorm(epsilon: epsilon)), x, gamma, beta)
  }

  private mutating func softmax(_ node: ONNXNode) throws(KnownError) -> Value {
    let x = try value(node, 0)
    let rank = graph.shape(x).count
    guard try normalized(try node.int("axis", default: -1), rank: rank) == rank - 1 else {
      throw KnownError("a softmax over another axis than the last")
    }
    return try apply(.softmax(Softmax()), x)
  }

  private mutating func gelu(_ node: ONNXNode) throws(KnownError) -> Value {
    let form: GeluForm
    switch try node.string("approximate", default: "none") {
    case "none": form = .erf
    case "tanh": form = .tanh
    case let other: throw KnownError("approximation '\(other)'")
    }
    return try apply(.gelu(Gelu(form: form)), try value(node, 0))
  }
}
