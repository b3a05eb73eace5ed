import Diagnostics

/// Checks one step against its opcode's signature: attributes, then operands and results, then what
/// the opcode asks between them (see StepValidator+Relations.swift).
struct StepValidator {
  let scope: FunctionValidator
  let step: PlanStep
  let field: FieldPath
  /// What the letters of this step's patterns stand for, and the operand or result that said so.
  private var lengths: [Character: (length: Int, slot: String)] = [:]
  private var leading: (axes: ArraySlice<PlanDimension>, slot: String)?

  var error: PlanError { scope.error }

  init(_ scope: FunctionValidator, _ step: PlanStep, _ field: FieldPath) {
    self.scope = scope
    self.step = step
    self.field = field
  }

  mutating func validate() throws(InputError) {
    let signature = step.opcode.signature
    try attributes(signature)
    let operands = signature.operands(of: step)
    let results = signature.results(of: step)
    try count(step.operands.count, operands, field("operands"))
    try count(step.results.count, results, field("results"))
    for (index, tensor) in step.operands.enumerated() {
      try scope.index(tensor, field("operands", index))
      guard scope.isDefined[scope.root(tensor)] else {
        throw error(
          field("operands", index), "is read before it is given",
          expected: "an input, a weight or the result of an earlier step",
          found: "tensor \(tensor)")
      }
    }
    for (index, tensor) in step.results.enumerated() { try result(tensor, index) }
    var movable: PlanDType?
    for (index, slot) in operands.enumerated() {
      let field = field("operands", index)
      try type(step.operands[index], slot, &movable, field)
      try storage(slot, index)
      try match(slot.shape, operand(index), slot.name, field)
    }
    for (index, slot) in results.enumerated() {
      let field = field("results", index)
      try type(step.results[index], slot, &movable, field)
      try match(slot.shape, result(index), slot.name, field)
    }
    try relations()
  }

  /// The shape of an operand.
  func operand(_ index: Int) -> [PlanDimension] {
    scope.function.tensors[step.operands[index]].shape
  }

  /// The shape of a result.
  func result(_ index: Int) -> [PlanDimension] {
    scope.function.tensors[step.results[index]].shape
  }

  private func count(
    _ count: Int, _ slots: [OpcodeSignature.Slot], _ field: FieldPath
  ) throws(InputError) {
    guard count == slots.count else {
      throw error(
        field, "has a wrong number of entries",
        expected: "\(slots.count) for \(step.opcode.protoName)", found: "\(count)")
    }
  }

  private func result(_ tensor: Int, _ index: Int) throws(InputError) {
    let field = field("results", index)
    try scope.index(tensor, field)
    guard !scope.isDefined[tensor], scope.function.tensors[tensor].aliasOf == nil,
      !step.results[..<index].contains(tensor)
    else {
      throw error(
        field, "is given twice", expected: "a tensor that nothing else gives, and no alias",
        found: "tensor \(tensor)")
    }
  }

  private func type(
    _ tensor: Int, _ slot: OpcodeSignature.Slot, _ movable: inout PlanDType?, _ field: FieldPath
  ) throws(InputError) {
    let dtype = scope.function.tensors[tensor].dtype
    var allowed = slot.dtypes
    if allowed.count > 1 {
      if let movable { allowed = [movable] }
      movable = movable ?? dtype
    }
    guard allowed.contains(dtype) else {
      throw error(
        field, "has the wrong type",
        expected: "\(slot.name) of \(allowed.map { "\($0)" }.joined(separator: " or "))",
        found: "\(dtype)")
    }
  }

  private func storage(_ slot: OpcodeSignature.Slot, _ index: Int) throws(InputError) {
    let tensor = step.operands[index]
    let weight = scope.weight(tensor)
    let isPacked = weight?.layout.isPacked ?? false
    // What is changed in place is checked below.
    guard slot.storage == .mutable ? !isPacked : slot.storage.takes(weight?.layout) else {
      let expected =
        switch slot.storage {
        case .plain, .mutable: "in row-major order"
        case .packedWeight: "as a packed weight"
        case .packedTable: "as a packed weight of 8 bits"
        }
      throw error(
        field("operands", index), "has the wrong layout", expected: "\(slot.name) \(expected)",
        found: isPacked ? "packed weight '\(weight?.name ?? "")'" : "a tensor in row-major order")
    }
    guard slot.storage == .mutable else { return }
    let others = step.operands.enumerated().filter { $0.offset != index }
    guard weight == nil, !others.contains(where: { scope.root($0.element) == scope.root(tensor) })
    else {
      throw error(
        field("operands", index), "cannot be changed in place",
        expected: "\(slot.name) that is no weight and no other operand", found: "tensor \(tensor)")
    }
  }

  // MARK: Shapes

  /// Compares a shape with a pattern, as far as lengths are known.
  mutating func match(
    _ pattern: ShapePattern, _ shape: [PlanDimension], _ slot: String, _ field: FieldPath
  ) throws(InputError) {
    let rank = pattern.axes.count
    guard pattern.leading == .none ? shape.count == rank : shape.count >= rank else {
      throw error(
        field, "has the wrong rank",
        expected: "\(slot) \(pattern) of rank \(pattern.rankDescription)",
        found: scope.lengths(shape))
    }
    if pattern.leading == .shared {
      let axes = shape.dropLast(rank)
      if let leading {
        guard leading.axes.count == axes.count,
          zip(leading.axes, axes).allSatisfy({ $0.canEqual($1) })
        else {
          throw error(
            field, "does not fit the step",
            expected: "\(slot) with the leading axes \(scope.lengths(Array(leading.axes))) of "
              + leading.slot,
            found: scope.lengths(shape))
        }
      } else {
        leading = (axes, slot)
      }
    }
    for (axis, dimension) in zip(pattern.axes, shape.suffix(rank)) {
      guard let length = dimension.constant else { continue }
      switch axis {
      case .any: break
      case .exactly(let expected): try same(length, expected, "\(slot) \(pattern)", field)
      case .named(let name):
        if let known = lengths[name] {
          try same(length, known.length, "\(slot) \(pattern), \(name) as in \(known.slot)", field)
        } else {
          lengths[name] = (length, slot)
        }
      }
    }
  }

  private func same(
    _ length: Int, _ expected: Int, _ what: String, _ field: FieldPath
  ) throws(InputError) {
    guard length == expected else {
      throw error(
        field, "has the wrong length", expected: "\(expected) for \(what)", found: "\(length)")
    }
  }

  // MARK: Attributes

  private func attributes(_ signature: OpcodeSignature) throws(InputError) {
    for attribute in PlanAttribute.allCases {
      if signature.required.contains(attribute) || signature.optional.contains(attribute) {
        try value(of: attribute, isRequired: signature.required.contains(attribute))
      } else if !attribute.isDefault(in: step) {
        throw error(
          field, "has an attribute it has no use for",
          expected: "no \(attribute.rawValue) for \(step.opcode.protoName)", found: "one")
      }
    }
  }

  private func value(of attribute: PlanAttribute, isRequired: Bool) throws(InputError) {
    switch attribute {
    case .epsilon:
      try number(
        step.epsilon, "above 0 and below 1", Float.leastNonzeroMagnitude..<1, field("epsilon"))
    case .value: try value()
    case .levels:
      guard step.levels == 127 || step.levels == 255 || (step.levels == 0 && !isRequired) else {
        throw error(
          field("levels"), "is not known", expected: "127 or 255", found: "\(step.levels)")
      }
    case .heads: try scope.base.value(step.heads, 1...PlanLimits.heads, field("heads"))
    case .salt: try scope.base.value(step.salt, 0...Int(UInt32.max), field("salt"))
    case .prefix: try dimension(step.prefix, isRequired, field("prefix"))
    case .start: try dimension(step.start, isRequired, field("start"))
    case .activation:
      guard !isRequired || step.activation != .none else {
        throw error(
          field("activation"), "is none", expected: "a form of gelu", found: "NONE")
      }
    case .keepsFloat:
      guard !step.keepsFloat || step.levels != 0 else {
        throw error(
          field("keeps_float"), "has no meaning", expected: "levels beside it", found: "none")
      }
    case .axes: try scope.base.count(step.axes.count, 0...PlanLimits.rank, field("axes"))
    case .hasBias, .hasResidual, .transposeA, .transposeB, .smoothing: break
    }
  }

  private func value() throws(InputError) {
    switch step.opcode {
    case .dropout, .crossEntropy, .crossEntropyGradient:
      try number(step.value, "0 or more and below 1", 0..<1, field("value"))
    case .quantizedAttention:
      try number(
        step.value, "above 0 and finite", .leastNonzeroMagnitude..<(.infinity), field("value"))
    case .fill:
      guard !step.value.isNaN else {
        throw error(field("value"), "is no number", expected: "a number", found: "NaN")
      }
    default:
      guard step.value.isFinite else {
        throw error(
          field("value"), "is no number", expected: "a finite value", found: "\(step.value)")
      }
    }
  }

  private func number(
    _ value: Float, _ expected: String, _ range: Range<Float>, _ field: FieldPath
  ) throws(InputError) {
    guard range.contains(value) else {
      throw error(field, "is out of range", expected: expected, found: "\(value)")
    }
  }

  private func dimension(
    _ dimension: PlanDimension?, _ isRequired: Bool, _ field: FieldPath
  ) throws(InputError) {
    if let dimension { return try scope.dimension(dimension, field) }
    if isRequired {
      throw error(field, "is missing", expected: "a dimension", found: "none")
    }
  }
}
