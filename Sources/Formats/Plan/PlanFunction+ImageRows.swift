extension PlanFunction {
  /// Of a captioner's `step`: the symbols that say how many image rows layers read, with their values.
  ///
  /// Layers read equally many, unless rows are dropped on the way; then there are several such symbols.
  /// - Parameter rows: how many rows `prefix` gives a layer; nil where that is not known.
  /// - Returns: by symbol; nothing for lengths that are no symbol by themselves.
  package func imageRows(_ rows: (_ layer: Int) -> Int?) -> [String: Int] {
    var values: [String: Int] = [:]
    for port in inputs where port.name.hasPrefix("prefix_k.") {
      let shape = tensors[port.tensor].shape
      guard let layer = Int(port.name.dropFirst("prefix_k.".count)), let rows = rows(layer),
        shape.count == 3, shape[1].terms.count == 1, shape[1].terms[0].coefficient == 1,
        shape[1].terms[0].symbols.count == 1
      else { continue }
      values[symbols[shape[1].terms[0].symbols[0]]] = rows
    }
    return values
  }
}
