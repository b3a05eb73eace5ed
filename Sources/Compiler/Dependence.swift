import Graph

/// Which values depend on the image and which on the text.
///
/// The inputs are told apart by type, not by name: pixels are floats, tokens are integers.
struct Dependence {
  /// By value id.
  private(set) var onImage: [Bool]
  /// By value id.
  private(set) var onText: [Bool]

  init(_ graph: Graph) {
    onImage = [Bool](repeating: false, count: graph.types.count)
    onText = onImage
    for input in graph.inputs {
      if graph.type(input.value).dtype == .f32 {
        onImage[input.value.id] = true
      } else {
        onText[input.value.id] = true
      }
    }
    for node in graph.nodes {
      let image = node.inputs.contains { onImage[$0.id] }
      let text = node.inputs.contains { onText[$0.id] }
      for result in node.results {
        onImage[result.id] = image
        onText[result.id] = text
      }
    }
  }
}
