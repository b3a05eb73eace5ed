/// What the steps of one opcode take, give and carry: one row of the table in `formats/README.md`.
///
/// Reading a plan checks every step against its signature, so whoever runs a ``LoadedPlan`` finds
/// exactly these operands and results, in this order, of these types and ranks. Lengths that depend
/// on symbols are not compared here: that is for whoever binds them.
package struct OpcodeSignature: Sendable {
  /// One operand or result.
  package struct Slot: Sendable {
    /// When a step has it.
    package enum Presence: Sendable, Equatable {
      case always
      /// With `has_bias`.
      case withBias
      /// With `has_residual`.
      case withResidual
      /// Without `levels`, or with `keeps_float`.
      case float
      /// With `levels`.
      case quantized
      /// This often, as many as the step has. At most one slot of a list is repeated.
      case repeated(ClosedRange<Int>)
    }

    /// What its bytes must be.
    package enum Storage: Sendable, Equatable {
      case plain
      /// A weight of layout PACKED_N8K4 or PACKED_N8K32.
      case packedWeight
      /// A weight of layout PACKED_N8K4.
      case packedTable
      /// Changed in place, so no weight.
      case mutable

      /// Whether bytes in this layout will do; nil for those of no weight.
      package func takes(_ layout: PlanLayout?) -> Bool {
        switch self {
        case .plain: !(layout?.isPacked ?? false)
        case .packedWeight: layout?.isPacked ?? false
        case .packedTable: layout == .packedN8K4
        case .mutable: layout == nil
        }
      }
    }

    package let name: String
    /// What it can be; all slots of a step that allow several have the same.
    package let dtypes: [PlanDType]
    package let shape: ShapePattern
    package let presence: Presence
    package let storage: Storage

    init(
      _ name: String, _ shape: ShapePattern, _ dtypes: [PlanDType] = [.f32],
      _ presence: Presence = .always, storage: Storage = .plain
    ) {
      self.name = name
      self.dtypes = dtypes
      self.shape = shape
      self.presence = presence
      self.storage = storage
    }
  }

  package let operands: [Slot]
  package let results: [Slot]
  /// Attributes that must be written, whatever their value.
  package let required: [PlanAttribute]
  /// Attributes that may be left out; those in neither list must be.
  package let optional: [PlanAttribute]

  init(
    _ operands: [Slot], _ results: [Slot], required: [PlanAttribute] = [],
    optional: [PlanAttribute] = []
  ) {
    self.operands = operands
    self.results = results
    self.required = required
    self.optional = optional
  }

  /// The slot of each operand of `step`; as many as the step must have.
  package func operands(of step: PlanStep) -> [Slot] {
    present(operands, count: step.operands.count, in: step)
  }

  /// The slot of each result of `step`; as many as the step must have.
  package func results(of step: PlanStep) -> [Slot] {
    present(results, count: step.results.count, in: step)
  }

  private func present(_ slots: [Slot], count: Int, in step: PlanStep) -> [Slot] {
    let quantizes = step.levels != 0
    let kept = slots.filter { slot in
      switch slot.presence {
      case .always, .repeated: true
      case .withBias: step.hasBias
      case .withResidual: step.hasResidual
      case .float: !quantizes || step.keepsFloat
      case .quantized: quantizes
      }
    }
    return kept.flatMap { slot in
      guard case .repeated(let range) = slot.presence else { return [slot] }
      let times = min(max(count - (kept.count - 1), range.lowerBound), range.upperBound)
      return [Slot](repeating: slot, count: times)
    }
  }
}
