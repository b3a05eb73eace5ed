extension Attributes {
  private func mismatch(_ name: String, _ kind: String) -> GraphError {
    let found = self[name].map { "\($0)" } ?? "none"
    return GraphError("attribute '\(name)': expected \(kind), found \(found)")
  }

  /// The named integer.
  package func int(_ name: String) throws(GraphError) -> Int {
    guard case .int(let value)? = self[name], Limits.integers.contains(value) else {
      throw mismatch(name, "an integer in \(Limits.integers)")
    }
    return value
  }

  /// The named flag, written 0 or 1.
  package func bool(_ name: String) throws(GraphError) -> Bool {
    guard case .int(let value)? = self[name], value == 0 || value == 1 else {
      throw mismatch(name, "0 or 1")
    }
    return value == 1
  }

  /// The named float.
  package func float(_ name: String) throws(GraphError) -> Float {
    guard case .float(let value)? = self[name] else { throw mismatch(name, "a float such as 0.5") }
    return value
  }

  /// The named list of integers.
  package func ints(_ name: String) throws(GraphError) -> [Int] {
    guard case .ints(let values)? = self[name], values.count <= Limits.inputs,
      values.allSatisfy(Limits.integers.contains)
    else { throw mismatch(name, "a list of integers in \(Limits.integers)") }
    return values
  }

  /// The named dimension.
  ///
  /// A constant one may be an integer, which the text form cannot tell apart.
  package func dimension(_ name: String) throws(GraphError) -> Dimension {
    let value: Dimension
    switch self[name] {
    case .dimension(let dimension)?: value = dimension
    case .int(let constant)?: value = Dimension(constant)
    default: throw mismatch(name, "a dimension such as 197*F + T")
    }
    try [value].checkLimits("attribute '\(name)'")
    return value
  }

  /// The named shape.
  ///
  /// A constant one may be a list of integers, which the text form cannot tell apart.
  package func shape(_ name: String) throws(GraphError) -> Shape {
    let value: Shape
    switch self[name] {
    case .shape(let shape)?: value = shape
    case .ints(let constants)?: value = constants.map { Dimension($0) }
    default: throw mismatch(name, "a shape such as [B, 768]")
    }
    try value.checkLimits("attribute '\(name)'")
    return value
  }

  /// The named choice among the raw values of `Choice`.
  package func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String, _: Choice.Type
  ) throws(GraphError) -> Choice {
    guard case .string(let raw)? = self[name], let value = Choice(rawValue: raw) else {
      throw mismatch(name, "one of " + Choice.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return value
  }
}

extension Attribute {
  /// A flag as files carry it.
  package static func flag(_ value: Bool) -> Attribute { .int(value ? 1 : 0) }
}
