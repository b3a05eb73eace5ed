/// The values behind a graph's parameters while it is compiled.
///
/// Derived parameters are recipes, worked out when they are written: compiling never holds more than
/// a few weights beside the checkpoint's own mapping.
package struct ParameterStore: Sendable {
  /// What a parameter's value is made of.
  private enum Source: Sendable {
    /// Reads the elements from where they lie.
    case given(@Sendable () -> [Float])
    /// The elements of these parameters one after the other; of one, the same under another shape.
    case joined([String])
    /// s8 [N, K] of a float parameter: each row divided by its scale and rounded.
    case quantized(String, rows: Int)
    /// f32 [N]: the scales of those rows.
    case scales(String, rows: Int)
  }

  private var sources: [String: Source]

  /// Starts with a checkpoint's parameters: for each name, what reads its elements.
  package init(_ parameters: [String: @Sendable () -> [Float]]) {
    sources = parameters.mapValues { .given($0) }
  }

  /// Adds the concatenation of parameters along their first axis, or one under another shape.
  mutating func join(_ names: [String]) -> String {
    add(names.joined(separator: "+") + (names.count == 1 ? ".reshaped" : ""), .joined(names))
  }

  /// Adds int8 rows and their scales for a float parameter of `rows` rows.
  mutating func quantize(_ name: String, rows: Int) -> (weight: String, scales: String) {
    (
      add("\(name).s8", .quantized(name, rows: rows)),
      add("\(name).scales", .scales(name, rows: rows))
    )
  }

  private mutating func add(_ name: String, _ source: Source) -> String {
    sources[name] = source
    return name
  }

  private func source(_ name: String) -> Source {
    guard let source = sources[name] else { preconditionFailure("no parameter '\(name)'") }
    return source
  }

  /// The elements of a float parameter, in order.
  package func floats(_ name: String) -> [Float] {
    switch source(name) {
    case .given(let read): return read()
    case .joined(let parts): return parts.flatMap { floats($0) }
    case .scales(let weights, let rows):
      return WeightQuantization.scales(floats(weights), rows: rows)
    case .quantized: preconditionFailure("'\(name)' is int8")
    }
  }

  /// The rows of an int8 parameter [N, K], row-major.
  package func integers(_ name: String) -> [Int8] {
    guard case .quantized(let weights, let rows) = source(name) else {
      preconditionFailure("'\(name)' is not int8")
    }
    let values = floats(weights)
    return WeightQuantization.integers(
      values, scales: WeightQuantization.scales(values, rows: rows))
  }
}
