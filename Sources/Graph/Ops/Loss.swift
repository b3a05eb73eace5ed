/// How a label's probability is smoothed.
package enum SmoothingForm: String, Hashable, Sendable, CaseIterable {
  /// The original repository's: KL(q ‖ p) with q = 1 − s on the label and s/(V − 1) elsewhere.
  case kl
  /// PyTorch's: cross entropy with q = 1 − s + s/V on the label and s/V elsewhere.
  case uniform
}

/// Form and strength of label smoothing, shared by the loss and its derivative.
package struct Smoothing: Hashable, Sendable {
  package var form: SmoothingForm
  /// In [0, 1).
  package var amount: Float

  package init(form: SmoothingForm, amount: Float) {
    self.form = form
    self.amount = amount
  }

  fileprivate init(_ a: Attributes) throws(GraphError) {
    self.init(form: try a.choice("form", SmoothingForm.self), amount: try a.float("amount"))
  }

  fileprivate var attributes: Attributes {
    ["form": .string(form.rawValue), "amount": .float(amount)]
  }

  fileprivate func check(_ inputs: [TensorType], _ check: TypeChecker) throws(GraphError) {
    try check.dtype(inputs[0], .f32, "logits")
    try check.rank(inputs[0], atLeast: 1, "logits")
    try check.dtype(inputs[1], .i32, "labels")
    try check.shape(inputs[1], inputs[0].shape.dropLast(), "labels")
    guard amount >= 0, amount < 1 else { throw check.fail("smoothing \(amount) is outside [0, 1)") }
  }
}

/// The mean loss of the rows that have a label.
///
/// - Inputs: `logits` f32[…, V]; `labels` i32[…], each in 0 ..< V, or negative for a row that does
///   not count. - Result: f32[]; 0 when no row counts.
/// - Source: the original repository for the first form; Szegedy et al. 2016, section 7 for smoothing.
package struct CrossEntropy: OpDefinition {
  package static let mnemonic = "cross_entropy"
  package var smoothing: Smoothing

  package init(_ smoothing: Smoothing) { self.smoothing = smoothing }

  package init(_ a: Attributes) throws(GraphError) { self.init(try Smoothing(a)) }

  package var attributes: Attributes { smoothing.attributes }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, 2)
    try smoothing.check(inputs, check)
    return [.f32([])]
  }
}

/// The derivative of `cross_entropy`: (softmax(logits) − q) · dloss / counted rows; 0 elsewhere.
///
/// - Inputs: `logits`, `labels`, `dloss` f32[]. - Result: the type of `logits`.
package struct CrossEntropyGradient: OpDefinition {
  package static let mnemonic = "cross_entropy_gradient"
  package var smoothing: Smoothing

  package init(_ smoothing: Smoothing) { self.smoothing = smoothing }

  package init(_ a: Attributes) throws(GraphError) { self.init(try Smoothing(a)) }

  package var attributes: Attributes { smoothing.attributes }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, 3)
    try smoothing.check(inputs, check)
    try check.dtype(inputs[2], .f32, "dloss")
    try check.shape(inputs[2], [], "dloss")
    return [inputs[0]]
  }
}
