import Graph

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension Smoothing {
  /// The probabilities a row should have.
  private func target(label: Int, classes: Int) -> [Double] {
    let amount = Double(amount)
    let (atLabel, elsewhere) =
      switch form {
      case .kl: (1 - amount, amount / Double(classes - 1))
      case .uniform: (1 - amount + amount / Double(classes), amount / Double(classes))
      }
    var target = [Double](repeating: elsewhere, count: classes)
    target[label] = atLabel
    return target
  }

  /// −Σ q log p of one row; minus the entropy of q for `kl`.
  fileprivate func loss(_ logits: ArraySlice<Double>, label: Int) -> Double {
    let target = target(label: label, classes: logits.count)
    let maximum = logits.max() ?? 0
    let logSum = maximum + log(logits.reduce(0) { $0 + exp($1 - maximum) })
    return zip(target, logits).reduce(0) { sum, pair in
      let (q, logit) = pair
      if q == 0 { return sum }  // 0 · log 0 is 0
      return sum + q * (logSum - logit) + (form == .kl ? q * log(q) : 0)
    }
  }

  fileprivate func gradient(_ logits: ArraySlice<Double>, label: Int) -> [Double] {
    zip(softmax(logits), target(label: label, classes: logits.count)).map(-)
  }
}

/// The rows that count, with their labels.
private func counted(
  _ labels: Tensor, classes: Int
) throws(GraphError) -> [(row: Int, label: Int)] {
  var rows: [(row: Int, label: Int)] = []
  for (row, label) in labels.integers.enumerated() where label >= 0 {
    try checkIndex(label, below: classes, "cross_entropy: label")
    rows.append((row, label))
  }
  return rows
}

extension CrossEntropy: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    let logits = inputs[0]
    let rows = try counted(inputs[1], classes: logits.width)
    let sum = rows.reduce(0) { $0 + smoothing.loss(logits.row($1.row), label: $1.label) }
    return [.f32([], [rows.isEmpty ? 0 : sum / Double(rows.count)])]
  }
}

extension CrossEntropyGradient: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    let logits = inputs[0]
    let rows = try counted(inputs[1], classes: logits.width)
    let factor = inputs[2].values[0] / Double(rows.count)
    var gradient = Tensor.filled(logits.shape)
    for (row, label) in rows {
      for (column, slope) in smoothing.gradient(logits.row(row), label: label).enumerated() {
        gradient.values[row * logits.width + column] = slope * factor
      }
    }
    return [gradient]
  }
}
