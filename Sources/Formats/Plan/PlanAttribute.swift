/// The attributes a step can carry, by their names in `plan.proto`.
package enum PlanAttribute: String, Sendable, CaseIterable {
  case activation, hasBias = "has_bias", hasResidual = "has_residual"
  case keepsFloat = "keeps_float"
  case epsilon, value, levels, heads, prefix, transposeA = "transpose_a", transposeB = "transpose_b"
  case axes, start, salt, smoothing

  /// Whether `step` has what an absent attribute reads as.
  package func isDefault(in step: PlanStep) -> Bool {
    switch self {
    case .activation: step.activation == .none
    case .hasBias: !step.hasBias
    case .hasResidual: !step.hasResidual
    case .keepsFloat: !step.keepsFloat
    case .epsilon: step.epsilon == 0
    case .value: step.value == 0
    case .levels: step.levels == 0
    case .heads: step.heads == 0
    case .prefix: step.prefix == nil
    case .transposeA: !step.transposeA
    case .transposeB: !step.transposeB
    case .axes: step.axes.isEmpty
    case .start: step.start == nil
    case .salt: step.salt == 0
    case .smoothing: step.smoothing == .kl
    }
  }
}
