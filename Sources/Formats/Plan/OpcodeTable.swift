extension PlanOpcode {
  /// What steps of this opcode take, give and carry.
  package var signature: OpcodeSignature { OpcodeTable.signatures[rawValue - 1] }

  /// The name in `plan.proto`: "QUANTIZED_LINEAR".
  package var protoName: String {
    if self == .matMul { return "MATMUL" }
    var name = ""
    for character in "\(self)" {
      name += character.isUppercase ? "_\(character)" : character.uppercased()
    }
    return name
  }
}

private typealias Slot = OpcodeSignature.Slot

/// The signatures of all opcodes.
///
/// Axes: B batch, S, T rows, P prefix rows, Q sequences, R new rows, L capacity, D width,
/// K reduction, N columns, V vocabulary, W windows, H heads.
private enum OpcodeTable {
  /// In the order of raw values, which start at 1 and have no gaps.
  static let signatures = PlanOpcode.allCases.map(signature)

  private static let movable: [PlanDType] = [.f32, .i32]

  private static func signature(_ opcode: PlanOpcode) -> OpcodeSignature {
    switch opcode {
    case .linear, .quantizedLinear, .matMul: projection(opcode)
    case .attention, .cachedAttention, .quantizedAttention, .attentionGradient: attention(opcode)
    case .layerNorm, .layerNormGradient, .quantizeRows: rows(opcode)
    case .softmax, .softmaxGradient, .crossEntropy, .crossEntropyGradient: distribution(opcode)
    case .prefixMask, .gelu, .geluGradient, .add, .multiply, .scale, .exp, .rsqrt, .toHalf, .fill,
      .dropout, .sum:
      elementwise(opcode)
    case .transpose, .concat, .slice, .broadcast, .pad, .embedding, .embeddingGradient, .keepRows,
      .patches,
      .patchesGradient, .relativeIndex, .windowMask, .quantizedEmbedding, .interpolate,
      .interpolateGradient:
      movement(opcode)
    }
  }

  private static func projection(_ opcode: PlanOpcode) -> OpcodeSignature {
    let epilogue = [
      Slot("bias", "N", [.f32], .withBias), Slot("residual", "~N", [.f32], .withResidual),
    ]
    let results = [Slot("y", "…_", [.f32], .repeated(1...4))]
    let optional: [PlanAttribute] = [.activation, .hasBias, .hasResidual]
    switch opcode {
    case .linear:
      return OpcodeSignature(
        [Slot("x", "…K"), Slot("weight", "NK")] + epilogue, results, optional: optional)
    case .quantizedLinear:
      return OpcodeSignature(
        [
          Slot("x", "…K", [.u8]), Slot("rows", "…2"),
          Slot("weight", "NK", [.s8], storage: .packedWeight), Slot("weight_scale", "N"),
        ] + epilogue, results, required: [.levels], optional: optional)
    default:  // MATMUL: which axis is which depends on the transpositions
      return OpcodeSignature(
        [Slot("a", "…__"), Slot("b", "~__")], [Slot("c", "…__")],
        optional: [.transposeA, .transposeB])
    }
  }

  private static func attention(_ opcode: PlanOpcode) -> OpcodeSignature {
    let qkv = [
      Slot("q", "BSD"), Slot("k", "BTD"), Slot("v", "BTD"),
      Slot("bias", "WHST", [.f32], .withBias),
    ]
    switch opcode {
    case .attention:
      return OpcodeSignature(
        qkv, [Slot("y", "BSD")], required: [.heads, .value], optional: [.prefix, .hasBias])
    case .quantizedAttention:
      return OpcodeSignature(
        Array(qkv[..<3]), [Slot("y", "BSD")], required: [.heads, .value])
    case .attentionGradient:
      return OpcodeSignature(
        qkv + [Slot("dy", "BSD")],
        [
          Slot("dq", "BSD"), Slot("dk", "BTD"), Slot("dv", "BTD"),
          Slot("dbias", "WHST", [.f32], .withBias),
        ], required: [.heads, .value], optional: [.prefix, .hasBias])
    default:  // CACHED_ATTENTION
      return OpcodeSignature(
        [
          Slot("q", "QRD"), Slot("k", "QRD"), Slot("v", "QRD"),
          Slot("prefix_k", "BPD", [.f32, .f16]), Slot("prefix_v", "BPD", [.f32, .f16]),
          Slot("text_k", "QLD", storage: .mutable), Slot("text_v", "QLD", storage: .mutable),
          Slot("source", "Q", [.i32]), Slot("slots", "QL", [.i32]),
          Slot("positions", "R", [.i32]),
        ], [Slot("y", "QRD")], required: [.heads, .value])
    }
  }

  private static func rows(_ opcode: PlanOpcode) -> OpcodeSignature {
    switch opcode {
    case .layerNorm:
      OpcodeSignature(
        [
          Slot("x", "…D"), Slot("residual", "~D", [.f32], .withResidual), Slot("gamma", "D"),
          Slot("beta", "D"),
        ],
        [
          Slot("y", "…D", [.f32], .float), Slot("quantized", "…D", [.u8], .quantized),
          Slot("rows", "…2", [.f32], .quantized),
        ], required: [.epsilon], optional: [.levels, .hasResidual, .keepsFloat])
    case .layerNormGradient:
      OpcodeSignature(
        [Slot("x", "…D"), Slot("gamma", "D"), Slot("dy", "…D")],
        [Slot("dx", "…D"), Slot("dgamma", "D"), Slot("dbeta", "D")], required: [.epsilon])
    default:  // QUANTIZE_ROWS
      OpcodeSignature(
        [Slot("x", "…K")], [Slot("quantized", "…K", [.u8]), Slot("rows", "…2")],
        required: [.levels])
    }
  }

  private static func distribution(_ opcode: PlanOpcode) -> OpcodeSignature {
    let logits = [Slot("logits", "…V"), Slot("labels", "…", [.i32])]
    return switch opcode {
    case .softmax: OpcodeSignature([Slot("x", "…N")], [Slot("y", "…N")])
    case .softmaxGradient:
      OpcodeSignature([Slot("y", "…N"), Slot("dy", "…N")], [Slot("dx", "…N")])
    case .crossEntropy:
      OpcodeSignature(logits, [Slot("loss", "")], required: [.value, .smoothing])
    default:  // CROSS_ENTROPY_GRADIENT
      OpcodeSignature(
        logits + [Slot("dloss", "")], [Slot("dlogits", "…V")], required: [.value, .smoothing])
    }
  }

  private static func elementwise(_ opcode: PlanOpcode) -> OpcodeSignature {
    let (x, y) = ([Slot("x", "…")], [Slot("y", "…")])
    return switch opcode {
    case .prefixMask:
      OpcodeSignature([Slot("x", "…SS")], [Slot("y", "…SS")], required: [.prefix])
    case .gelu: OpcodeSignature(x, y, required: [.activation])
    case .geluGradient:
      OpcodeSignature(x + [Slot("dy", "…")], [Slot("dx", "…")], required: [.activation])
    case .scale: OpcodeSignature(x, y, required: [.value])
    case .exp, .rsqrt: OpcodeSignature(x, y)
    case .toHalf: OpcodeSignature(x, [Slot("y", "…", [.f16])])
    case .fill: OpcodeSignature([], [Slot("y", "~")], required: [.value])
    case .dropout:
      OpcodeSignature(x + [Slot("seed", "1", [.i32])], y, required: [.value, .salt])
    case .sum: OpcodeSignature([Slot("x", "~")], [Slot("y", "~")], required: [.axes])
    default:  // ADD, MULTIPLY
      OpcodeSignature([Slot("a", "~"), Slot("b", "~")], [Slot("y", "~")])
    }
  }

  private static func movement(_ opcode: PlanOpcode) -> OpcodeSignature {
    let (x, y) = ([Slot("x", "~", movable)], [Slot("y", "~", movable)])
    return switch opcode {
    case .transpose: OpcodeSignature(x, y, required: [.axes])
    case .broadcast: OpcodeSignature(x, y)
    case .slice, .pad: OpcodeSignature(x, y, required: [.axes, .start])
    case .concat:
      OpcodeSignature(
        [Slot("x", "~", movable, .repeated(1...PlanLimits.repeatedOperands))], y,
        required: [.axes])
    case .embedding:
      OpcodeSignature([Slot("table", "VD"), Slot("ids", "…", [.i32])], [Slot("y", "…D")])
    case .quantizedEmbedding:
      OpcodeSignature(
        [
          Slot("table", "VD", [.s8], storage: .packedTable), Slot("table_scale", "V"),
          Slot("ids", "…", [.i32]),
        ], [Slot("y", "…D")])
    case .embeddingGradient:
      OpcodeSignature([Slot("ids", "…", [.i32]), Slot("dy", "…D")], [Slot("dtable", "VD")])
    case .keepRows:
      OpcodeSignature([Slot("x", "BSD"), Slot("scores", "BS")], [Slot("y", "BKD")])
    case .patches:
      OpcodeSignature([Slot("x", "B___")], [Slot("y", "BPK")], required: [.axes])
    case .patchesGradient:
      OpcodeSignature([Slot("dy", "BPK")], [Slot("dx", "B___")], required: [.axes])
    case .relativeIndex:
      OpcodeSignature([], [Slot("y", "NN", [.i32])], required: [.axes])
    case .interpolate: OpcodeSignature([Slot("x", "__D")], [Slot("y", "__D")])
    case .interpolateGradient: OpcodeSignature([Slot("dy", "__D")], [Slot("dx", "__D")])
    default:  // WINDOW_MASK
      OpcodeSignature([], [Slot("y", "WNN")], required: [.axes])
    }
  }
}
