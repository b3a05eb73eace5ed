import Graph

/// Makes the text rows incremental: new rows only, earlier ones in caches.
///
/// Each value of the source that a text row needs gets a form over the R new rows of Q sequences;
/// what has none is noticed when something reads it.
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
  /// How many image rows each layer's attention reads, by the source: as many as there are, unless
  /// some are dropped on the way.
  private var prefixLengths: [Dimension] = []

  private static let symbols: [String: Dimension] = ["B": .symbol("Q"), "T": .symbol("R")]

  init(_ source: Graph, _ dependence: Dependence) throws(CompileError) {
    self.source = source
    self.dependence = dependence
    producers = source.producers
    let texts = source.inputs.filter { dependence.onText[$0.value.id] }
    guard texts.count == 1,
      source.type(texts[0].value) == TensorType(.i32, [.symbol("B"), .symbol("T")])
    else {
      throw CompileError(
        "one input of tokens i32[B, T]",
        found: texts.map { "'\($0.name)' \(source.type($0.value))" }.joined(separator: ", "))
    }
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
      if node.results.contains(where: { dependence.onText[$0.id] }) {
        try appendText(node)
      } else if !node.results.contains(where: { dependence.onImage[$0.id] }) {
        try appendParameters(node)
      }
    }
    guard source.outputs.count == 1 else {
      throw CompileError("one output, the logits", found: "\(source.outputs.count)")
    }
    graph.output("logits", try step(source.outputs[0].value, of: "the output"))
    return (graph.removingDeadCode(), prefixResults)
  }

  /// The form of a value over the new rows.
  private func step(_ value: Value, of reader: String) throws(CompileError) -> Value {
    guard let new = mapping[value] else {
      throw CompileError(
        "\(reader) to read text rows one by one",
        found: dependence.onImage[value.id]
          ? "image rows, which only attention may read"
          : "rows that depend on where they stand: \(source.type(value))")
    }
    return new
  }

  private mutating func copy(_ node: Node) throws(CompileError) {
    var inputs: [Value] = []
    for input in node.inputs { inputs.append(try step(input, of: node.op.mnemonic)) }
    do {
      let results = try graph.append(node.op.substituting(Self.symbols), inputs)
      for (old, new) in zip(node.results, results) { mapping[old] = new }
    } catch { throw CompileError(error) }
  }

  /// Values of parameters alone.
  ///
  /// The first T rows of a table become the rows of the new positions; other rows along T must be
  /// the same everywhere.
  private mutating func appendParameters(_ node: Node) throws(CompileError) {
    if case .slice(Slice(axis: 0, start: 0, end: .symbol("T"))) = node.op,
      let table = mapping[node.inputs[0]], graph.shape(table).count == 2
    {
      mapping[node.results[0]] = graph.embedding(table, ids: positions)
      return
    }
    let symbols = Set(node.results.flatMap { source.shape($0) }.flatMap(\.symbols))
    let isUniform =
      switch node.op {
      case .constant, .broadcast, .add, .multiply, .scale, .gelu, .layerNorm, .residualLayerNorm,
        .linear:
        true
      default: false
      }
    // What belongs to the image side is left out, and so is what has no form row by row.
    guard symbols.isDisjoint(with: ["F", "H", "W"]), isUniform || !symbols.contains("T"),
      node.inputs.allSatisfy({ mapping[$0] != nil })
    else { return }
    try copy(node)
  }

  private mutating func appendText(_ node: Node) throws(CompileError) {
    switch node.op {
    case .concat where !node.inputs.allSatisfy({ dependence.onText[$0.id] }):
      return  // Keys or values of image and text: its attention reads both from the caches.
    case .attention(let op):
      try appendAttention(op.form, node)
    case .linear, .layerNorm, .residualLayerNorm, .gelu, .scale, .add, .multiply, .embedding:
      try copy(node)
    default:
      throw CompileError(
        "ops that treat every text row by itself", found: "\(node.op.mnemonic), which may mix them")
    }
  }

  private mutating func appendAttention(
    _ form: AttentionForm, _ node: Node
  ) throws(CompileError) {
    guard !form.hasBias, let prefix = form.prefix,
      let (prefixK, textK) = halves(node.inputs[1], prefix),
      let (prefixV, textV) = halves(node.inputs[2], prefix)
    else {
      throw CompileError(
        "text to attend to image rows, then text rows, under the prefix mask",
        found: form.hasBias
          ? "a bias" : form.prefix.map { "a mask of prefix \($0) over other keys" } ?? "no mask")
    }
    let layer = prefixResults.count / 2
    let queries = try step(node.inputs[0], of: Attention.mnemonic)
    let width = graph.shape(queries)[2]
    func cache(_ name: String, _ shape: Shape) -> Value {
      graph.input("\(name).\(layer)", .f32(shape + [width]))
    }
    let images: Shape = [.symbol("B"), prefixLength(prefix)]
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
        [queries, textK, textV] + caches + [sourceOf, slots, positions])[0]
  }

  /// The step's symbol for so many image rows: P, and P2, P3 … for layers that read fewer.
  private mutating func prefixLength(_ rows: Dimension) -> Dimension {
    if !prefixLengths.contains(rows) { prefixLengths.append(rows) }
    let number = (prefixLengths.firstIndex(of: rows) ?? 0) + 1
    return .symbol(number == 1 ? "P" : "P\(number)")
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
