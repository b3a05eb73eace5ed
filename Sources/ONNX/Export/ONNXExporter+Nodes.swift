import Graph

extension ONNXExporter {
  /// Appends what computes a node.
  mutating func append(_ node: Node) throws(GraphError) {
    let inputs = node.inputs.map { self[$0] }
    let results: [String]
    switch node.op {
    case .constant(let op):
      results = [emit("Expand", [number(op.value), lengths(op.shape)])]
    case .add: results = [emit("Add", inputs)]
    case .multiply: results = [emit("Mul", inputs)]
    case .scale(let op): results = [emit("Mul", [inputs[0], number(op.factor)])]
    case .matMul(let op): results = [matMul(op, node)]
    case .softmax: results = [emit("Softmax", inputs, ["axis": .int(-1)])]
    case .prefixMask(let op):
      let length = shape(node.inputs[0])[shape(node.inputs[0]).count - 1]
      results = [masked(inputs[0], prefix: op.prefix, queries: length, keys: length)]
    case .layerNorm(let op): results = [layerNorm(inputs, op.epsilon)]
    case .residualLayerNorm(let op):
      let sum = emit("Add", [inputs[0], inputs[1]])
      results = [layerNorm([sum] + inputs.dropFirst(2), op.epsilon)]
    case .gelu(let op): results = [gelu(inputs[0], op.form)]
    case .reshape(let op): results = [reshape(inputs[0], shape(node.inputs[0]), op.shape)]
    case .transpose(let op):
      results = [emit("Transpose", inputs, ["perm": .ints(op.permutation)])]
    case .concat(let op): results = [emit("Concat", inputs, ["axis": .int(op.axis)])]
    case .slice(let op):
      results = [emit("Slice", [inputs[0], length(op.start), length(op.end), ints([op.axis])])]
    case .broadcast(let op): results = [emit("Expand", [inputs[0], lengths(op.shape)])]
    case .embedding: results = [emit("Gather", inputs, ["axis": .int(0)])]
    case .patches(let op):
      let map = shape(node.inputs[0])
      guard map.dropFirst().allSatisfy({ $0.constant != nil }) else {
        throw GraphError("patches of a map of any size have no form in ONNX here")
      }
      results = [
        op.form == PatchForm(size: op.form.size)
          ? patches(inputs[0], map, op.form.size) : gatheredPatches(inputs[0], map, op.form)
      ]
    case .relativeIndex(let op): results = [relativeIndex(op)]
    case .windowMask(let op): results = [windowMask(op)]
    case .linear(let op): results = linear(op.epilogue, node)
    case .attention(let op): results = [attention(op.form, node)]
    case .cachedAttention(let op): results = [cachedAttention(op.form, node)]
    case .exp, .rsqrt, .keepRows, .patchesGradient, .interpolate, .interpolateGradient,
      .dropout, .crossEntropy, .sum,
      .geluGradient, .softmaxGradient, .layerNormGradient,
      .attentionGradient, .embeddingGradient, .crossEntropyGradient, .pad, .quantizeRows,
      .layerNormQuantize, .quantizedLinear, .quantizedEmbedding, .quantizedAttention, .toHalf:
      throw GraphError("\(node.op.mnemonic) has no form in ONNX here")
    }
    for (value, name) in zip(node.results, results) { define(value, as: name) }
  }

  private mutating func matMul(_ op: MatMul, _ node: Node) -> String {
    func operand(_ index: Int, _ isTransposed: Bool) -> String {
      guard isTransposed else { return self[node.inputs[index]] }
      let rank = shape(node.inputs[index]).count
      let permutation = Array(0..<rank - 2) + [rank - 1, rank - 2]
      return emit("Transpose", [self[node.inputs[index]]], ["perm": .ints(permutation)])
    }
    return emit("MatMul", [operand(0, op.transposeA), operand(1, op.transposeB)])
  }

  private mutating func layerNorm(_ inputs: [String], _ epsilon: Float) -> String {
    emit("LayerNormalization", inputs, ["axis": .int(-1), "epsilon": .float(epsilon)])
  }

  private mutating func gelu(_ x: String, _ form: GeluForm) -> String {
    switch form {
    case .quick:
      return emit("Mul", [x, emit("Sigmoid", [emit("Mul", [x, number(1.702)])])])
    case .erf:
      return halved(x, emit("Erf", [emit("Mul", [x, number(Float(0.5).squareRoot())])]))
    case .tanh:
      let cube = emit("Mul", [emit("Mul", [x, x]), x])
      let sum = emit("Add", [x, emit("Mul", [cube, number(0.044715)])])
      return halved(x, emit("Tanh", [emit("Mul", [sum, number((2 / Float.pi).squareRoot())])]))
    }
  }

  /// The product of x and (1 + gate) / 2.
  private mutating func halved(_ x: String, _ gate: String) -> String {
    emit("Mul", [emit("Mul", [x, emit("Add", [gate, number(1)])]), number(0.5)])
  }

  /// By a constant shape wherever ONNX can tell it: 0 is the source's length, -1 what is left.
  mutating func reshape(_ x: String, _ source: Shape, _ target: Shape) -> String {
    var open = 0
    let lengths = target.enumerated().map { axis, dimension in
      if let constant = dimension.constant, constant != 0 { return constant }
      if source.indices.contains(axis), source[axis] == dimension { return 0 }
      open += 1
      return -1
    }
    return emit("Reshape", [x, open < 2 ? ints(lengths) : self.lengths(target)])
  }

  private mutating func patches(_ pixels: String, _ shape: Shape, _ size: Int) -> String {
    let (height, width) = (shape[2].constant ?? 0, shape[3].constant ?? 0)
    let (rows, columns) = (height / size, width / size)
    var image = pixels
    if rows * size != height || columns * size != width {
      image = emit(
        "Slice", [image, ints([0, 0]), ints([rows * size, columns * size]), ints([2, 3])])
    }
    let channels = shape[1].constant ?? 0
    let split = emit("Reshape", [image, ints([-1, channels, rows, size, columns, size])])
    let ordered = emit("Transpose", [split], ["perm": .ints([0, 2, 4, 1, 3, 5])])
    return emit("Reshape", [ordered, ints([-1, rows * columns, channels * size * size])])
  }

  private mutating func linear(_ epilogue: Epilogue, _ node: Node) -> [String] {
    var rest = node.inputs.dropFirst(2).map { self[$0] }
    let weight = self[node.inputs[1]]
    let matrix = once("transposed \(weight)") { exporter in
      exporter.emit("Transpose", [weight], ["perm": .ints([1, 0])])
    }
    var y = emit("MatMul", [self[node.inputs[0]], matrix])
    if epilogue.hasBias { y = emit("Add", [y, rest.removeFirst()]) }
    if let form = epilogue.activation.gelu { y = gelu(y, form) }
    if epilogue.hasResidual { y = emit("Add", [y, rest.removeFirst()]) }
    guard epilogue.splits.count > 1 else { return [y] }
    return emit(
      "Split", [y, ints(epilogue.splits)], results: epilogue.splits.count, ["axis": .int(-1)])
  }

  // MARK: Attention

  /// [B, S, D] as [B, heads, S, D / heads].
  private mutating func heads(_ x: String, _ count: Int, _ width: Dimension) -> String {
    let split = emit("Reshape", [x, ints([0, 0, count, (width.constant ?? 0) / count])])
    return emit("Transpose", [split], ["perm": .ints([0, 2, 1, 3])])
  }

  /// softmax(scale · Q Kᵀ + mask) V over [B, S, D].
  private mutating func attention(
    _ form: AttentionForm, _ q: String, _ k: String, _ v: String, width: Dimension,
    mask: (inout ONNXExporter, String) -> String
  ) -> String {
    let keys = emit("Transpose", [heads(k, form.heads, width)], ["perm": .ints([0, 1, 3, 2])])
    var scores = emit("MatMul", [heads(q, form.heads, width), keys])
    scores = mask(&self, emit("Mul", [scores, number(form.scale)]))
    let probabilities = emit("Softmax", [scores], ["axis": .int(-1)])
    let mixed = emit("MatMul", [probabilities, heads(v, form.heads, width)])
    let rows = emit("Transpose", [mixed], ["perm": .ints([0, 2, 1, 3])])
    return emit("Reshape", [rows, ints([0, 0, width.constant ?? -1])])
  }

  private mutating func attention(_ form: AttentionForm, _ node: Node) -> String {
    let (queries, keys) = (shape(node.inputs[0]), shape(node.inputs[1]))
    return attention(
      form, self[node.inputs[0]], self[node.inputs[1]], self[node.inputs[2]], width: queries[2]
    ) { exporter, scores in
      var scores = scores
      if form.hasBias {
        let bias = node.inputs[3]
        scores = exporter.biased(scores, by: exporter[bias], exporter.shape(bias))
      }
      if let prefix = form.prefix {
        scores = exporter.masked(scores, prefix: prefix, queries: queries[1], keys: keys[1])
      }
      return scores
    }
  }

  /// −∞ where key j is neither in the prefix nor at or before the query, whose position is i + keys −
  /// queries.
  private mutating func masked(
    _ scores: String, prefix: Dimension, queries: Dimension, keys: Dimension
  ) -> String {
    let visible = once("mask \(prefix) \(queries) \(keys)") { exporter in
      let columns = exporter.emit("Unsqueeze", [exporter.positions(keys), exporter.ints([0])])
      let steps = exporter.emit("Unsqueeze", [exporter.positions(queries), exporter.ints([1])])
      let rows = exporter.emit("Add", [steps, exporter.length(keys - queries)])
      return exporter.emit(
        "Or",
        [
          exporter.emit("Less", [columns, exporter.length(prefix)]),
          exporter.emit("LessOrEqual", [columns, rows]),
        ])
    }
    return emit("Where", [visible, scores, number(-.infinity)])
  }

  /// Attention over the prefix, then the text in the caches, which gain the new rows.
  private mutating func cachedAttention(_ form: AttentionForm, _ node: Node) -> String {
    let inputs = node.inputs
    let (queries, rows, width) = (
      shape(inputs[0])[0], shape(inputs[0])[1], shape(inputs[0])[2]
    )
    let (prefix, capacity) = (shape(inputs[3])[1], shape(inputs[5])[1])
    let (source, slots, positions) = (self[inputs[7]], self[inputs[8]], self[inputs[9]])

    func cache(_ index: Int, new: Value) -> String {
      let places = once("places of \(positions) in \(queries)") { exporter in
        exporter.pairs(
          exporter.emit("Unsqueeze", [exporter.positions(queries), exporter.ints([1, 2])]),
          exporter.emit("Unsqueeze", [positions, exporter.ints([0, 2])]), [queries, rows, 1])
      }
      let updated = emit("ScatterND", [self[inputs[index]], places, self[new]])
      replace(inputs[index], by: updated)
      let past = once("past of \(slots)") { exporter in
        exporter.pairs(
          exporter.emit("Unsqueeze", [slots, exporter.ints([2])]),
          exporter.emit("Unsqueeze", [exporter.positions(capacity), exporter.ints([0, 2])]),
          [queries, capacity, 1])
      }
      let text = emit("GatherND", [updated, past])
      let image = emit("Gather", [self[inputs[index - 2]], source], ["axis": .int(0)])
      return emit("Concat", [image, text], ["axis": .int(1)])
    }
    let (k, v) = (cache(5, new: inputs[1]), cache(6, new: inputs[2]))
    let visible = once("mask of \(positions) after \(prefix)") { exporter in
      let columns = exporter.emit("Unsqueeze", [exporter.positions(capacity), exporter.ints([0])])
      let text = exporter.emit(
        "LessOrEqual", [columns, exporter.emit("Unsqueeze", [positions, exporter.ints([1])])])
      let zeros = exporter.emit(
        "ConstantOfShape", [exporter.lengths([rows, prefix])],
        ["value": .tensor(ONNXTensor(name: "", shape: [1], elements: .bools([true])))])
      return exporter.emit("Concat", [zeros, text], ["axis": .int(1)])
    }
    return attention(form, self[inputs[0]], k, v, width: width) { exporter, scores in
      exporter.emit("Where", [visible, scores, exporter.number(-.infinity)])
    }
  }

  /// Two index tensors that broadcast to `shape`, [a, b, 1], as [a, b, 2].
  private mutating func pairs(_ first: String, _ second: String, _ shape: Shape) -> String {
    let lengths = lengths(shape)
    return emit(
      "Concat", [emit("Expand", [first, lengths]), emit("Expand", [second, lengths])],
      ["axis": .int(2)])
  }
}
