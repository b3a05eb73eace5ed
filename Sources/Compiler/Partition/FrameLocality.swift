import Graph

/// Which values hold independent parts per frame, along their first axis: one, or equally many of each
/// frame, such as windows.
///
/// Such values can be computed frame by frame, in batches of any size, and kept while a window slides
/// over a video. The first is the reshape that merges batch and frames of the pixels; then come
/// all ops that treat the first axis as a batch. What the encoder does within a frame is its own affair.
struct FrameLocality {
  /// By value id.
  private(set) var isLocal: [Bool]
  /// The merged pixels f32[B*F, C, H, W]; nil when the graph has no such reshape.
  private(set) var entry: Value?
  private let graph: Graph

  init(_ graph: Graph, _ dependence: Dependence) {
    self.graph = graph
    isLocal = [Bool](repeating: false, count: graph.types.count)
    for node in graph.nodes {
      if entry == nil, let merged = Self.merge(graph, node) {
        entry = merged
        isLocal[merged.id] = true
      } else if let entry, node.inputs.contains(where: { isLocal[$0.id] }),
        keepsFirstAxis(node, graph.shape(entry)[0])
      {
        for result in node.results { isLocal[result.id] = true }
      }
    }
  }

  /// The result of a reshape that merges the first two axes of an image input.
  private static func merge(_ graph: Graph, _ node: Node) -> Value? {
    guard case .reshape = node.op, graph.inputs.contains(where: { $0.value == node.inputs[0] })
    else { return nil }
    let (from, to) = (graph.shape(node.inputs[0]), graph.shape(node.results[0]))
    guard graph.type(node.inputs[0]).dtype == .f32, from.count == to.count + 1,
      to.first == from[0] * from[1], Array(to.dropFirst()) == Array(from.dropFirst(2))
    else { return nil }
    return node.results[0]
  }

  private func keepsFirstAxis(_ node: Node, _ frames: Dimension) -> Bool {
    guard node.results.allSatisfy({ isPerFrame(graph.shape($0), frames) }) else { return false }
    let shape = graph.shape(node.results[0])
    /// Local, or made from parameters alone and the same for every part of the first axis.
    func isBatched(_ input: Value) -> Bool {
      if isLocal[input.id] { return true }
      let other = graph.shape(input)
      return isFromParameters(input)
        && (other.count < shape.count || other[0] == 1 || other[0] == frames)
    }
    switch node.op {
    case .patches, .gelu, .scale, .add, .multiply, .linear, .layerNorm, .residualLayerNorm, .matMul:
      return node.inputs.allSatisfy { isBatched($0) }
    case .attention:
      guard let bias = node.inputs.dropFirst(3).first else {
        return node.inputs.allSatisfy { isBatched($0) }
      }
      // A bias repeats along the first axis, and for each frame it must start anew.
      let parts = shape[0].terms[0].coefficient / frames.terms[0].coefficient
      let entries = graph.shape(bias)[0].constant ?? 0
      return node.inputs.prefix(3).allSatisfy { isBatched($0) } && isFromParameters(bias)
        && entries > 0 && parts.isMultiple(of: entries)
    case .softmax: return shape.count > 1
    case .concat(let op): return op.axis != 0 && node.inputs.allSatisfy { isBatched($0) }
    case .slice(let op): return op.axis != 0
    case .transpose(let op): return op.permutation.first == 0
    case .reshape: return true  // row-major, so each frame's elements stay together
    default: return false
    }
  }

  /// Whether the first axis is the frames', or so many parts of each.
  private func isPerFrame(_ shape: Shape, _ frames: Dimension) -> Bool {
    guard let first = shape.first, first.terms.count == 1, frames.terms.count == 1 else {
      return false
    }
    let (all, unit) = (first.terms[0], frames.terms[0])
    return all.symbols == unit.symbols && all.coefficient.isMultiple(of: unit.coefficient)
  }

  private func isFromParameters(_ value: Value) -> Bool {
    var pending = [value]
    let producers = graph.producers
    while let next = pending.popLast() {
      if graph.inputs.contains(where: { $0.value == next }) { return false }
      if let index = producers[next.id] { pending += graph.nodes[index].inputs }
    }
    return true
  }
}
