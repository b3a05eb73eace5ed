extension Attributes {
  private func missing(_ name: String, _ kind: String) -> GraphError {
    GraphError("attribute '\(name)' of kind \(kind) is missing")
  }

  /// The named integer.
  package func int(_ name: String) throws(GraphError) -> Int {
    guard case .int(let value)? = self[name] else { throw missing(name, "int") }
    return value
  }

  /// The named flag, written 0 or 1.
  package func bool(_ name: String) throws(GraphError) -> Bool {
    let value = try int(name)
    guard value == 0 || value == 1 else {
      throw GraphError("attribute '\(name)' expected 0 or 1, found \(value)")
    }
    return value == 1
  }

  /// The named float.
  package func float(_ name: String) throws(GraphError) -> Float {
    guard case .float(let value)? = self[name] else { throw missing(name, "float") }
    return value
  }

  /// The named list of integers.
  package func ints(_ name: String) throws(GraphError) -> [Int] {
    guard case .ints(let value)? = self[name] else { throw missing(name, "ints") }
    return value
  }

  /// The named dimension.
  package func dimension(_ name: String) throws(GraphError) -> Dimension {
    guard case .dimension(let value)? = self[name] else { throw missing(name, "dimension") }
    return value
  }

  /// The named shape.
  package func shape(_ name: String) throws(GraphError) -> Shape {
    guard case .shape(let value)? = self[name] else { throw missing(name, "shape") }
    return value
  }

  /// The named choice among the raw values of `Choice`.
  package func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String, _: Choice.Type
  ) throws(GraphError) -> Choice {
    guard case .string(let raw)? = self[name] else { throw missing(name, "string") }
    guard let value = Choice(rawValue: raw) else {
      let choices = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw GraphError("attribute '\(name)' expected one of \(choices), found '\(raw)'")
    }
    return value
  }
}

extension Attribute {
  /// A flag as files carry it.
  package static func flag(_ value: Bool) -> Attribute { .int(value ? 1 : 0) }
}
