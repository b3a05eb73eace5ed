import Graph

/// Which values depend on the prefix, such as an image, and which on the text after it.
///
/// The inputs are told apart by type, not by name: text has an axis T or none of its own; what the
/// text is about is floats, as pixels are, or tokens of another length. Where no input has an axis T, as in
/// a graph that another program made for one length, all tokens are text.
struct Dependence {
  /// By value id.
  private(set) var onImage: [Bool]
  /// By value id.
  private(set) var onText: [Bool]

  init(_ graph: Graph) {
    onImage = [Bool](repeating: false, count: graph.types.count)
    onText = onImage
    func isMarked(_ type: TensorType) -> Bool {
      type.shape.contains { $0.symbols.contains("T") }
    }
    let marksText = graph.inputs.contains { isMarked(graph.type($0.value)) }
    for input in graph.inputs {
      let type = graph.type(input.value)
      let isContext = type.shape.count == 2 && marksText && !isMarked(type)
      if type.dtype == .f32 || isContext {
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
