import Graph

/// The three functions of a captioner, derived from its one graph by what each value depends on.
///
/// - `encode(pixels f32[N, C, H, W]) -> features`: what depends on one frame's pixels alone.
/// - `prefix(features) -> prefix_k.i, prefix_v.i`: the rest that depends on the image and not on the
///   text; its results are what the text rows read, the keys and values of each layer. Where the prefix
///   is text, there is no `encode`, and `prefix` takes those tokens under their own name.
/// - `step(tokens i32[Q, R], positions i32[R], source i32[Q], slots i32[Q, L], prefix_k.i, prefix_v.i,
///   text_k.i, text_v.i) -> logits f32[Q, R, V]`: what depends on the text, for R new rows of Q
///   sequences, the rows before them being in the caches.
///
/// Symbols: N frames in a batch, B images, F frames of each, H rows and W columns of patches where
/// the model takes any size, P prefix rows (P2 … of layers that read fewer), Q sequences, R new rows, L
/// capacity of the text caches.
struct Partition {
  /// nil where the prefix is text.
  let encode: Graph?
  let prefix: Graph
  let step: Graph

  /// Takes `graph` apart, which `SplitPrefix` has prepared.
  ///
  /// It has one input for the prefix, the pixels or other tokens, one input of tokens i32[B, T], and one
  /// output.
  /// - Throws: what keeps it from being taken apart.
  init(_ graph: Graph) throws(CompileError) {
    try Self.checkNames(graph)
    let dependence = Dependence(graph)
    let contexts = graph.inputs.filter { dependence.onImage[$0.value.id] }
    guard contexts.count == 1 else {
      throw CompileError(
        "one input that the text is about",
        found: contexts.isEmpty ? "none" : contexts.map(\.name).joined(separator: ", "))
    }
    let context = contexts[0]
    let prefixResults: [NamedValue]
    if graph.type(context.value).dtype != .f32 {
      (step, prefixResults) = try StepBuilder(graph, dependence).build()
      encode = nil
      prefix = try graph.extracting(prefixResults, from: context, symbols: [:])
      return
    }
    let locality = FrameLocality(graph, dependence)
    guard let entry = locality.entry else {
      throw CompileError(
        "a reshape that merges batch and frames of the pixels", found: "none")
    }
    let features = try Self.features(graph, locality)
    (step, prefixResults) = try StepBuilder(graph, dependence).build()
    encode = try graph.extracting(
      [NamedValue(name: "features", value: features)],
      from: NamedValue(name: "pixels", value: entry), symbols: ["B": .symbol("N"), "F": 1])
    prefix = try graph.extracting(
      prefixResults, from: NamedValue(name: "features", value: features), symbols: [:])
  }

  /// The functions' inputs have names of their own, which no parameter may have.
  private static func checkNames(_ graph: Graph) throws(CompileError) {
    for name in graph.parameters.map(\.name) {
      let word = name.split(separator: ".", omittingEmptySubsequences: false)[0]
      switch word {
      case "pixels", "features", "tokens", "positions", "source", "slots", "prefix_k", "prefix_v",
        "text_k", "text_v":
        throw CompileError("parameters not named like inputs of functions", found: "'\(name)'")
      default: continue
      }
    }
  }

  /// What passes from encode to prefix.
  private static func features(
    _ graph: Graph, _ locality: FrameLocality
  ) throws(CompileError) -> Value {
    var found: Set<Value> = []
    for node in graph.nodes where node.results.contains(where: { !locality.isLocal[$0.id] }) {
      found.formUnion(node.inputs.filter { locality.isLocal[$0.id] })
    }
    guard found.count == 1, let features = found.first else {
      throw CompileError("one feature map between encoder and decoder", found: "\(found.count)")
    }
    return features
  }
}

extension Graph {
  /// The part of this graph that computes `results` from one value: a graph of its own, with symbols
  /// replaced, nodes and parameters in the order they had.
  ///
  /// - Throws: when a result depends on an input by another way than `entry`.
  fileprivate func extracting(
    _ results: [NamedValue], from entry: NamedValue, symbols: [String: Dimension]
  ) throws(CompileError) -> Graph {
    let definitions: [Definition]
    do { definitions = try self.definitions() } catch { throw CompileError(error) }
    var isNeeded = [Bool](repeating: false, count: types.count)
    for result in results { isNeeded[result.value.id] = true }
    for case .node(let node) in definitions.reversed()
    where !node.results.contains(entry.value) && node.results.contains(where: { isNeeded[$0.id] }) {
      for input in node.inputs { isNeeded[input.id] = true }
    }

    func type(_ value: Value) -> TensorType {
      let type = self.type(value)
      return TensorType(type.dtype, type.shape.map { $0.substituting(symbols) })
    }
    var part = Graph()
    var mapping = [entry.value: part.input(entry.name, type(entry.value))]
    for definition in definitions {
      guard definition.values.contains(where: { isNeeded[$0.id] }),
        mapping[definition.values[0]] == nil
      else { continue }
      switch definition {
      case .input(let named):
        throw CompileError(
          "\(results[0].name) to depend on \(entry.name) alone", found: "'\(named.name)' too")
      case .parameter(let named):
        mapping[named.value] = part.parameter(named.name, type(named.value))
      case .node(let node):
        do {
          let copies = try part.append(
            node.op.substituting(symbols), node.inputs.compactMap { mapping[$0] })
          for (old, new) in zip(node.results, copies) { mapping[old] = new }
        } catch { throw CompileError(error) }
      }
    }
    for result in results {
      guard let value = mapping[result.value] else { preconditionFailure("results are needed") }
      part.output(result.name, value)
    }
    return part
  }
}
