/// Where in a plan something stands: "functions[1].steps[3].operands[2]".
///
/// Made for every field that is read and printed for almost none, so it allocates nothing until
/// then.
struct FieldPath: CustomStringConvertible {
  private struct Part {
    var name: StaticString
    /// Negative where the field is not repeated.
    var index: Int
  }

  /// Deepest: functions, steps, prefix, terms, symbols.
  private var parts: InlineArray<6, Part> = .init(repeating: Part(name: "", index: -1))
  private var count = 0

  /// A field of the plan itself.
  init(_ name: StaticString, _ index: Int = -1) { append(name, index) }

  private mutating func append(_ name: StaticString, _ index: Int) {
    parts[count] = Part(name: name, index: index)
    count += 1
  }

  /// A field of the message at this path.
  func callAsFunction(_ name: StaticString, _ index: Int = -1) -> FieldPath {
    var path = self
    path.append(name, index)
    return path
  }

  /// The element of the repeated field at this path.
  subscript(index: Int) -> FieldPath {
    var path = self
    path.parts[count - 1].index = index
    return path
  }

  var description: String {
    (0..<count)
      .map { parts[$0].index < 0 ? "\(parts[$0].name)" : "\(parts[$0].name)[\(parts[$0].index)]" }
      .joined(separator: ".")
  }
}
