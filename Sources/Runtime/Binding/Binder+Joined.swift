import CKernels
import Diagnostics
import Formats

/// A projection whose rows are no tensor in memory: the step that reads them makes them as it goes.
struct JoinedProduct {
  /// The buffers that it is made of.
  let reads: [Int]
  let arguments: (BoundMemory) -> ck_linear_u8s8_args
}

/// Rows of a table that are no tensor in memory either.
enum JoinedEmbedding {
  case floats(reads: [Int], arguments: (BoundMemory) -> ck_embedding_f32_args)
  case packed(reads: [Int], arguments: (BoundMemory) -> ck_embedding_s8_args)

  /// The buffers that they are made of.
  var reads: [Int] {
    switch self {
    case .floats(let reads, _), .packed(let reads, _): reads
    }
  }
}

extension Binder {
  /// The results that are bound with the step that reads them: a projection's that is quantized next, and
  /// embeddings that a layer norm takes, and adds, next.
  ///
  /// Nothing comes between the two steps, so what the first reads is still there for the second.
  static func joinedResults(_ function: PlanFunction, layout: (Int) -> PlanLayout?) -> Set<Int> {
    var joined: Set<Int> = []
    let steps = function.steps
    for (index, step) in steps.enumerated() where index > 0 {
      switch step.opcode {
      case .quantizeRows:
        let maker = steps[index - 1]
        guard maker.opcode == .quantizedLinear, maker.results == step.operands,
          !maker.hasResidual, maker.operands.dropFirst(2).first.flatMap(layout) == .packedN8K4
        else { continue }
        joined.formUnion(maker.results.filter(function.isReadOnce))
      case .layerNorm:
        // The norm's own tables come last.
        let addends = step.operands.dropLast(2)
        var embeddings: Set<Int> = []
        for maker in steps[..<index].suffix(addends.count).reversed() {
          guard let result = maker.results.first, addends.contains(result),
            maker.opcode == .embedding
              || (maker.opcode == .quantizedEmbedding && result == addends.first),
            function.isReadOnce(result)
          else { break }
          embeddings.insert(result)
        }
        if let x = addends.first, embeddings.contains(x) { joined.formUnion(embeddings) }
      default: continue
      }
    }
    return joined
  }

  /// The call of a step that quantizes what a projection makes.
  mutating func emitRequantize(
    of view: StepView, _ product: JoinedProduct
  ) throws(InputError) {
    let levels = UInt32(view.step.levels)
    let (result, scales) = (view.results[0].root, view.results[1].root)
    let scratch = try scratch(
      floats: ck_requantize_scratch(view.match.rows, view.match["K"], threads), for: view)
    emit(
      KernelCall(
        CK_REQUANTIZE_U8S8, reads: product.reads, writes: [result, scales, scratch]
      ) { memory in
        ck_requantize_u8s8_args(
          linear: product.arguments(memory), levels: levels, result: memory.u8(result),
          row_scales: memory.f32(scales), scratch: memory.f32(scratch))
      })
  }

  /// The call of a step that normalizes the embeddings `x`, and adds others where those are joined too.
  mutating func emitEmbeddingNorm(
    of view: StepView, _ x: JoinedEmbedding,
    _ norm: @escaping (BoundMemory, Int) -> ck_layer_norm_f32_args
  ) throws(InputError) {
    let scratch = try scratch(
      floats: ck_embedding_norm_scratch(view.match["D"], threads), for: view)
    let addend = view.step.hasResidual ? joinedEmbeddings[view.operands[1].index] : nil
    let floats = view.operands.filter { joinedEmbeddings[$0.index] == nil }.map(\.root)
    emit(
      KernelCall(
        CK_EMBEDDING_NORM_F32, reads: x.reads + (addend?.reads ?? []) + floats,
        writes: view.results.map(\.root) + [scratch]
      ) { memory in
        var joined = ck_embedding_norm_f32_args()
        joined.norm = norm(memory, scratch)
        switch x {
        case .floats(_, let arguments): joined.table = arguments(memory)
        case .packed(_, let arguments): joined.packed = arguments(memory)
        }
        if case .floats(_, let arguments) = addend {
          joined.residual = arguments(memory)
          joined.norm.residual = nil
        }
        return joined
      })
  }
}

extension PlanFunction {
  /// Whether one step reads a tensor, once, and nobody else sees it.
  func isReadOnce(_ tensor: Int) -> Bool {
    let reads = steps.reduce(0) { $0 + $1.operands.count { $0 == tensor } }
    return reads == 1 && !outputs.contains { $0.tensor == tensor }
      && !tensors.contains { $0.aliasOf == tensor }
  }
}
