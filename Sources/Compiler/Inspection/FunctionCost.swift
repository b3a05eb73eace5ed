package import Formats

/// What one run of a function of a plan costs: multiply-adds, and bytes of weights.
///
/// Only what grows with a product of two widths is counted; norms, activations and moves are small
/// beside it.
package struct FunctionCost: Sendable, Equatable {
  /// Multiply-adds of float matrices: LINEAR and MATMUL.
  package private(set) var floatProducts = 0
  /// Multiply-adds of int8 weights: QUANTIZED_LINEAR.
  package private(set) var integerProducts = 0
  /// Multiply-adds of attention, QKᵀ and PV, masked ones included.
  package private(set) var attentionProducts = 0
  /// Bytes of the weights that the function's tensors name, each counted once.
  package private(set) var weightBytes = 0

  /// All multiply-adds.
  package var products: Int { floatProducts + integerProducts + attentionProducts }

  /// Counts one run at given sizes; nil when a symbol has no value, or a count is beyond 64 bits.
  ///
  /// A cache counts with its whole capacity: `L` is the length of the text so far.
  ///
  /// - Parameters:
  ///   - function: a validated function.
  ///   - weights: the weight table of its plan.
  ///   - symbols: a value for each of the function's symbols.
  package init?(_ function: PlanFunction, weights: [PlanWeight], symbols: [String: Int]) {
    let values = function.symbols.compactMap { symbols[$0] }
    guard values.count == function.symbols.count else { return nil }
    for step in function.steps {
      var shapes: [[Int]] = []
      for operand in step.operands {
        let shape = function.tensors[operand].shape
        let lengths = shape.compactMap { $0.value(values) }
        guard lengths.count == shape.count else { return nil }
        shapes.append(lengths)
      }
      guard let count = Self.products(step, shapes) else { return nil }
      switch step.opcode {
      case .linear, .matMul: floatProducts += count
      case .quantizedLinear: integerProducts += count
      default: attentionProducts += count
      }
    }
    weightBytes = Set(function.tensors.compactMap(\.weight)).reduce(0) {
      $0 + weights[$1].byteCount
    }
  }

  private static func products(_ step: PlanStep, _ shapes: [[Int]]) -> Int? {
    switch step.opcode {
    case .linear: product(shapes[0] + [shapes[1][0]])
    case .quantizedLinear: product(shapes[0] + [shapes[2][0]])
    case .matMul:
      product(shapes[0] + [shapes[1].dropLast(step.transposeB ? 1 : 0).last ?? 1])
    case .attention, .quantizedAttention: product([2] + shapes[0] + [shapes[1][1]])
    // Five products of the size of QKᵀ: scores again, dP, dQ, dK, dV.
    case .attentionGradient: product([5] + shapes[0] + [shapes[1][1]])
    case .cachedAttention: product([2] + shapes[0] + [shapes[3][1] + shapes[5][1]])
    default: 0
    }
  }

  private static func product(_ factors: [Int]) -> Int? {
    var result = 1
    for factor in factors {
      let (next, overflow) = result.multipliedReportingOverflow(by: factor)
      if overflow { return nil }
      result = next
    }
    return result
  }
}
