import Graph

/// The three functions of a captioner, derived from its one graph by what each value depends on.
///
/// - `encode(pixels f32[N, C, H, W]) -> features`: what depends on one frame's pixels alone.
/// - `prefix(features) -> prefix_k.i, prefix_v.i`: the rest that depends on the image and not on the
///   text; its results are what the text rows read, the keys and values of each layer.
/// - `step(tokens i32[Q, R], positions i32[R], source i32[Q], slots i32[Q, L], prefix_k.i, prefix_v.i,
///   text_k.i, text_v.i) -> logits f32[Q, R, V]`: what depends on the text, for R new rows of Q
///   sequences, the rows before them being in the caches.
///
/// Symbols: N frames in a batch, B images, F frames of each, P prefix rows, Q sequences, R new rows,
/// L capacity of the text caches.
struct Partition {
  let encode: Graph
  let prefix: Graph
  let step: Graph

  /// - Parameter graph: fused and split by `SplitPrefix`; one float input (pixels), one integer
  ///   input (tokens), one output.
  /// - Throws: what keeps the graph from being taken apart.
  init(_ graph: Graph) throws(CompileError) {
    let dependence = Dependence(graph)
    let locality = FrameLocality(graph, dependence)
    guard let entry = locality.entry else {
      throw CompileError(
        "expected a reshape that merges batch and frames of the pixels, found none")
    }
    var builder = PartitionBuilder(
      graph: graph, dependence: dependence, locality: locality, entry: entry)
    encode = try builder.encodeGraph()
    (step, builder.prefixResults) = try StepBuilder(graph, dependence).build()
    prefix = try builder.prefixGraph()
  }
}

/// Copies the nodes of one function into a graph of its own.
private struct PartitionBuilder {
  let graph: Graph
  let dependence: Dependence
  let locality: FrameLocality
  let entry: Value
  /// What the step reads, with the names it reads it under.
  var prefixResults: [NamedValue] = []

  /// What passes from encode to prefix.
  private func features() throws(CompileError) -> Value {
    var found: Set<Value> = []
    for node in graph.nodes where node.results.contains(where: { !locality.isLocal[$0.id] }) {
      found.formUnion(node.inputs.filter { locality.isLocal[$0.id] })
    }
    guard found.count == 1, let features = found.first else {
      throw CompileError(
        "expected one feature map between encoder and decoder, found \(found.count)")
    }
    return features
  }

  func encodeGraph() throws(CompileError) -> Graph {
    let features = try features()
    var copy = FunctionCopy(graph, symbols: ["B": .symbol("N"), "F": 1])
    copy.input("pixels", entry)
    try copy.output("features", features)
    return copy.graph
  }

  func prefixGraph() throws(CompileError) -> Graph {
    var copy = FunctionCopy(graph, symbols: [:])
    copy.input("features", try features())
    for result in prefixResults { try copy.output(result.name, result.value) }
    return copy.graph
  }
}

/// A graph made of what some values of another graph need, with symbols replaced.
struct FunctionCopy {
  let source: Graph
  let symbols: [String: Dimension]
  private(set) var graph = Graph()
  private var mapping: [Value: Value] = [:]
  private let producers: [Int?]
  private let parameterNames: [Value: String]

  init(_ source: Graph, symbols: [String: Dimension]) {
    self.source = source
    self.symbols = symbols
    producers = source.producers
    parameterNames = Dictionary(
      uniqueKeysWithValues: source.parameters.map { ($0.value, $0.name) })
  }

  private func type(_ value: Value) -> TensorType {
    let type = source.type(value)
    return TensorType(type.dtype, type.shape.map { $0.substituting(symbols) })
  }

  /// Makes `value` an input of the new graph.
  mutating func input(_ name: String, _ value: Value) {
    mapping[value] = graph.input(name, type(value))
  }

  /// Copies what `value` needs and makes it an output.
  mutating func output(_ name: String, _ value: Value) throws(CompileError) {
    var needed = Set<Int>()
    var pending = [value]
    while let next = pending.popLast() {
      if mapping[next] != nil { continue }
      if let index = producers[next.id], needed.insert(index).inserted {
        pending += source.nodes[index].inputs
      } else if producers[next.id] == nil {
        guard let name = parameterNames[next] else {
          throw CompileError("'\(name)' depends on an input that its function does not have")
        }
        mapping[next] = graph.parameter(name, type(next))
      }
    }
    for index in needed.sorted() {
      let node = source.nodes[index]
      let inputs = node.inputs.compactMap { mapping[$0] }
      do {
        let results = try graph.append(node.op.substituting(symbols), inputs)
        for (old, new) in zip(node.results, results) { mapping[old] = new }
      } catch { throw CompileError("'\(name)': \(error.message)") }
    }
    guard let result = mapping[value] else { preconditionFailure("an output is copied or given") }
    graph.output(name, result)
  }
}
