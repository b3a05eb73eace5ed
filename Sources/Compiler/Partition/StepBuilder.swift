import Graph

/// Makes the text rows incremental: new rows only, earlier ones in caches.
struct StepBuilder {
  private let source: Graph
  private let dependence: Dependence
  private let producers: [Int?]
  private var graph = Graph()
  private var mapping: [Value: Value] = [:]
  private var prefixResults: [NamedValue] = []
  private let positions: Value
  private let sourceOf: Value
  private let slots: Value

  private static let symbols: [String: Dimension] = ["B": .symbol("Q"), "T": .symbol("R")]

  init(_ source: Graph, _ dependence: Dependence) throws(CompileError) {
    self.source = source
    self.dependence = dependence
    producers = source.producers
    let texts = source.inputs.filter { source.type($0.value).dtype == .i32 }
    guard texts.count == 1,
      source.shape(texts[0].value) == [.symbol("B"), .symbol("T")]
    else { throw CompileError("expected one input of tokens i32[B, T], found \(texts.count)") }
    mapping[texts[0].value] = graph.input("tokens", TensorType(.i32, [.symbol("Q"), .symbol("R")]))
    positions = graph.input("positions", TensorType(.i32, [.symbol("R")]))
    sourceOf = graph.input("source", TensorType(.i32, [.symbol("Q")]))
    slots = graph.input("slots", TensorType(.i32, [.symbol("Q"), .symbol("L")]))
    for parameter in source.parameters {
      mapping[parameter.value] = graph.parameter(parameter.name, source.type(parameter.value))
    }
  }

  /// The step, and what it reads of the prefix under the names of its inputs.
  consuming func build() throws(CompileError) -> (step: Graph, prefixResults: [NamedValue]) {
    for node in source.nodes {
      let isImage = node.results.contains { dependence.onImage[$0.id] }
      let isText = node.results.contains { dependence.onText[$0.id] }
      if isText { try appendText(node) } else if !isImage { try appendParameters(node) }
    }
    guard source.outputs.count == 1, let logits = mapping[source.outputs[0].value] else {
      throw CompileError("expected one output, the logits, found \(source.outputs.count)")
    }
    graph.output("logits", logits)
    return (graph.removingDeadCode(), prefixResults)
  }

  private mutating func copy(_ node: Node, _ inputs: [Value]) throws(CompileError) {
    do {
      let results = try graph.append(node.op.substituting(Self.symbols), inputs)
      for (old, new) in zip(node.results, results) { mapping[old] = new }
    } catch { throw CompileError("step: \(error.message)") }
  }

  /// Values of parameters alone: as they are, but for the first T rows of the position table, which
  /// become the rows of the new positions.
  private mutating func appendParameters(_ node: Node) throws(CompileError) {
    if case .slice(let op) = node.op, op.axis == 0, op.start == 0, op.end == .symbol("T"),
      let table = mapping[node.inputs[0]], graph.shape(table).count == 2
    {
      mapping[node.results[0]] = graph.embedding(table, ids: positions)
      return
    }
    let inputs = node.inputs.compactMap { mapping[$0] }
    // One that is not here belongs to the image side, or is missed by a text row below.
    guard inputs.count == node.inputs.count else { return }
    if node.results.contains(where: { source.shape($0).contains { $0.symbols.contains("F") } }) {
      return
    }
    try copy(node, inputs)
  }

  private mutating func appendText(_ node: Node) throws(CompileError) {
    switch node.op {
    case .concat where !node.inputs.allSatisfy({ dependence.onText[$0.id] }):
      return  // Keys or values of image and text: its attention reads both from the caches.
    case .attention(let op):
      try appendAttention(op.form, node)
    case .linear, .layerNorm, .residualLayerNorm, .gelu, .scale, .add, .multiply, .embedding:
      var inputs: [Value] = []
      for input in node.inputs {
        guard let value = mapping[input] else {
          throw CompileError(
            "step: \(node.op.mnemonic) reads an image value outside attention, so its text rows "
              + "cannot be computed one by one")
        }
        inputs.append(value)
      }
      try copy(node, inputs)
    default:
      throw CompileError(
        "step: \(node.op.mnemonic) may mix text rows, so they cannot be computed one by one")
    }
  }

  private mutating func appendAttention(
    _ form: AttentionForm, _ node: Node
  ) throws(CompileError) {
    guard let prefix = form.prefix, let q = mapping[node.inputs[0]],
      let (prefixK, textK) = halves(node.inputs[1], prefix),
      let (prefixV, textV) = halves(node.inputs[2], prefix)
    else {
      throw CompileError(
        "step: expected attention over image keys and text keys under the prefix mask, found another"
      )
    }
    let layer = prefixResults.count / 2
    let width = graph.shape(q)[2]
    func cache(_ name: String, _ shape: Shape) -> Value {
      graph.input("\(name).\(layer)", .f32(shape + [width]))
    }
    let images: Shape = [.symbol("B"), .symbol("P")]
    let sequences: Shape = [.symbol("Q"), .symbol("L")]
    let caches = [
      cache("prefix_k", images), cache("prefix_v", images), cache("text_k", sequences),
      cache("text_v", sequences),
    ]
    prefixResults += [
      NamedValue(name: "prefix_k.\(layer)", value: prefixK),
      NamedValue(name: "prefix_v.\(layer)", value: prefixV),
    ]
    var cached = form
    cached.prefix = nil
    mapping[node.results[0]] =
      graph.apply(
        .cachedAttention(CachedAttention(cached)),
        [q, textK, textV] + caches + [sourceOf, slots, positions])[0]
  }

  /// Image rows of the whole graph and text rows of the step that a concatenation is made of.
  private func halves(_ value: Value, _ prefix: Dimension) -> (image: Value, text: Value)? {
    guard let index = producers[value.id], case .concat(Concat(axis: 1)) = source.nodes[index].op,
      source.nodes[index].inputs.count == 2
    else { return nil }
    let (image, text) = (source.nodes[index].inputs[0], source.nodes[index].inputs[1])
    guard dependence.onImage[image.id], !dependence.onText[image.id],
      source.shape(image)[1] == prefix, let new = mapping[text]
    else { return nil }
    return (image, new)
  }
}
