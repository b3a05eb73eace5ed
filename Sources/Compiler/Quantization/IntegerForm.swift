/// How the integers of a weight are chosen.
package enum IntegerForm: Hashable, Sendable {
  /// Eight bits per weight, with which sums over so many blocks fit 16 bits; see ``RowQuantizer``.
  case s8(groups: ProductGroups)
  /// Four bits per weight and a multiplier per 32 inputs; see ``GroupQuantization``.
  case s4

  /// What ends the name of a parameter of such integers.
  var suffix: String {
    switch self {
    case .s8: ".s8"
    case .s4: ".s4"
    }
  }
}

/// How many bits the weights of decoding steps have.
package enum StepWeights: String, Sendable, CaseIterable {
  /// Those of the prefix, which shares them.
  case int8
  /// Half as many bytes for a step to read; the prefix keeps its own.
  case int4
}
