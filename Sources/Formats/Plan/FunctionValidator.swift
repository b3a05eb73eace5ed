import Diagnostics

/// Checks one function of a plan.
///
/// Symbols, tensors, ports, and that values are defined once, before they are read; steps are
/// ``StepValidator``'s.
struct FunctionValidator {
  let base: PlanValidator
  let function: PlanFunction
  let field: FieldPath
  /// By tensor: whether an input, a weight or an earlier step gives it; aliases follow their target.
  private(set) var isDefined: [Bool]

  var error: PlanError { base.error }

  init(_ base: PlanValidator, _ function: PlanFunction, _ field: FieldPath) {
    self.base = base
    self.function = function
    self.field = field
    isDefined = [Bool](repeating: false, count: function.tensors.count)
  }

  /// The tensor whose bytes `tensor` has: itself, but for an alias.
  func root(_ tensor: Int) -> Int { function.tensors[tensor].aliasOf ?? tensor }

  /// The weight whose bytes `tensor` has, directly or as an alias.
  func weight(_ tensor: Int) -> PlanWeight? {
    function.tensors[root(tensor)].weight.map { base.plan.weights[$0] }
  }

  mutating func validate() throws(InputError) {
    let limit = PlanLimits.tableEntries
    try base.count(function.symbols.count, 0...PlanLimits.symbols, field("symbols"))
    try base.count(function.tensors.count, 1...limit, field("tensors"))
    try base.count(function.steps.count, 0...limit, field("steps"))
    try base.count(function.inputs.count, 0...limit, field("inputs"))
    try base.count(function.outputs.count, 1...limit, field("outputs"))
    try base.unique(function.symbols) { field("symbols", $0) }
    try tensors()
    try inputs()
    for (index, step) in function.steps.enumerated() {
      try validate(step, index)
      for result in step.results { isDefined[result] = true }
    }
    for tensor in function.tensors.indices where !isDefined[root(tensor)] {
      throw error(
        field("tensors", tensor), "is given by nothing",
        expected: "an input, a weight or the result of a step", found: "none of them")
    }
    try outputs()
  }

  // On its own, so that `isDefined` is not shared, and copied, when results are marked.
  private func validate(_ step: PlanStep, _ index: Int) throws(InputError) {
    var validator = StepValidator(self, step, field("steps", index))
    try validator.validate()
  }

  // MARK: Ports

  private mutating func inputs() throws(InputError) {
    try base.unique(function.inputs.map(\.name)) { field("inputs", $0)("name") }
    for (index, port) in function.inputs.enumerated() {
      let field = field("inputs", index)("tensor")
      try self.index(port.tensor, field)
      let tensor = function.tensors[port.tensor]
      guard !isDefined[port.tensor], tensor.aliasOf == nil else {
        throw error(
          field, "is given twice", expected: "a tensor that is no weight, alias or other input",
          found: "tensor \(port.tensor)")
      }
      isDefined[port.tensor] = true
    }
  }

  private func outputs() throws(InputError) {
    try base.unique(function.outputs.map(\.name)) { field("outputs", $0)("name") }
    for (index, port) in function.outputs.enumerated() {
      try self.index(port.tensor, field("outputs", index)("tensor"))
    }
  }

  /// An index must name a tensor.
  func index(_ tensor: Int, _ field: @autoclosure () -> FieldPath) throws(InputError) {
    guard function.tensors.indices.contains(tensor) else {
      throw error(
        field(), "names no tensor", expected: "0 to \(function.tensors.count - 1)",
        found: "\(tensor)")
    }
  }

  // MARK: Tensors

  private mutating func tensors() throws(InputError) {
    for (index, tensor) in function.tensors.enumerated() {
      let field = field("tensors", index)
      try base.count(tensor.shape.count, 0...PlanLimits.rank, field("shape"))
      for (axis, dimension) in tensor.shape.enumerated() {
        try self.dimension(dimension, field("shape", axis))
      }
      if let weight = tensor.weight {
        try self.weight(weight, of: tensor, field)
        isDefined[index] = true
      }
    }
    for (index, tensor) in function.tensors.enumerated() {
      if let target = tensor.aliasOf { try alias(of: target, tensor, field("tensors", index)) }
    }
  }

  private func weight(
    _ index: Int, of tensor: PlanTensor, _ field: FieldPath
  ) throws(InputError) {
    guard base.plan.weights.indices.contains(index) else {
      throw error(
        field("weight"), "names no weight", expected: "less than \(base.plan.weights.count)",
        found: "\(index)")
    }
    let weight = base.plan.weights[index]
    guard tensor.aliasOf == nil else {
      throw error(
        field("alias_of"), "is given beside a weight", expected: "one of them", found: "both")
    }
    guard tensor.dtype == weight.dtype, tensor.shape.map(\.constant) == weight.shape else {
      throw error(
        field("weight"), "has another type", expected: "\(tensor.dtype) \(lengths(tensor.shape))",
        found: "\(weight.dtype) \(weight.shape), weight '\(weight.name)'")
    }
  }

  private func alias(
    of target: Int, _ tensor: PlanTensor, _ field: FieldPath
  ) throws(InputError) {
    try index(target, field("alias_of"))
    let other = function.tensors[target]
    guard other.aliasOf == nil else {
      throw error(
        field("alias_of"), "names an alias", expected: "a tensor with bytes of its own",
        found: "tensor \(target)")
    }
    if let packed = other.weight.map({ base.plan.weights[$0] }), packed.layout != .dense {
      throw error(
        field("alias_of"), "names a packed weight", expected: "a tensor in row-major order",
        found: "weight '\(packed.name)'")
    }
    guard tensor.dtype == other.dtype,
      let count = DimensionPolynomial(elementsOf: tensor.shape),
      let otherCount = DimensionPolynomial(elementsOf: other.shape), count == otherCount
    else {
      throw error(
        field("alias_of"), "has other elements",
        expected: "as many as \(tensor.dtype) \(lengths(tensor.shape)) and of its type",
        found: "\(other.dtype) \(lengths(other.shape))")
    }
  }

  /// A dimension must be a polynomial in the function's symbols, each product once, and no known
  /// length may be negative.
  func dimension(_ dimension: PlanDimension, _ field: FieldPath) throws(InputError) {
    try base.count(dimension.terms.count, 0...PlanLimits.terms, field("terms"))
    var seen: Set<[Int]> = []
    for (index, term) in dimension.terms.enumerated() {
      let field = field("terms", index)
      let limit = PlanLimits.coefficient
      try base.value(term.coefficient, -limit...limit, field("coefficient"))
      try base.count(term.symbols.count, 0...PlanLimits.factors, field("symbols"))
      for (factor, symbol) in term.symbols.enumerated()
      where !function.symbols.indices.contains(symbol) {
        throw error(
          field("symbols", factor), "names no symbol",
          expected: "less than \(function.symbols.count)", found: "\(symbol)")
      }
      guard term.coefficient != 0, seen.insert(term.symbols.sorted()).inserted else {
        throw error(
          field, "is not in lowest terms", expected: "each product of symbols once and not 0 times",
          found: "\(term.coefficient) times \(term.symbols)")
      }
    }
    if let constant = dimension.constant, constant < 0 {
      throw error(field, "is negative", expected: "a length of 0 or more", found: "\(constant)")
    }
  }

  /// A shape for messages: `[4, 197*F + T]` with the names of this function's symbols.
  func lengths(_ shape: [PlanDimension]) -> String {
    let axes = shape.map { dimension in
      dimension.terms.isEmpty
        ? "0"
        : dimension.terms.map { term in
          (["\(term.coefficient)"] + term.symbols.map { function.symbols[$0] })
            .joined(separator: "*")
        }.joined(separator: " + ")
    }
    return "[\(axes.joined(separator: ", "))]"
  }
}
