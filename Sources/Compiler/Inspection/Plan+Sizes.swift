package import Formats
import Runtime

extension Plan {
  /// A value for every symbol of a captioner's functions: one image of one frame, and a new token after
  /// a text that fills `textLength` rows of the caches; nil for a program that is no captioner.
  package func sizesOfOneImage(textLength: Int = Self.usualTextLength) -> [String: Int]? {
    guard let model, let prefix = function("prefix"), let step = function("step") else {
      return nil
    }
    var sizes = ["N": 1, "B": 1, "F": 1, "Q": 1, "R": 1]
    sizes["L"] = min(textLength, model.maximumTextLength)
    if let patch = function("encode")?.patchSize {
      // The square that the model's positions were made for.
      let side = max(1, model.preprocessing.imageSize / patch)
      (sizes["H"], sizes["W"]) = (side, side)
    }
    let values = prefix.symbols.compactMap { sizes[$0] }
    guard values.count == prefix.symbols.count else { return nil }
    let rows = step.imageRows { layer in
      prefix.outputs.first { $0.name == "prefix_k.\(layer)" }.flatMap { port in
        let shape = prefix.tensors[port.tensor].shape
        return shape.count == 3 ? shape[1].value(values) : nil
      }
    }
    return sizes.merging(rows) { $1 }
  }

  /// The tokens of a long caption: what `gitc run` generates at most unless told otherwise.
  package static let usualTextLength = 40
}

extension PlanStep {
  /// The operand that is the matrix of a projection; nil for other steps.
  package var projectionWeight: Int? {
    switch opcode {
    case .linear: operands[1]
    case .quantizedLinear: operands[2]
    default: nil
    }
  }

  /// What a projection multiplies.
  package var projectionPrecision: ProjectionPrecision {
    opcode == .quantizedLinear ? (levels == 127 ? .u7 : .u8) : .f32
  }
}

extension PlanFunction {
  /// The projections by weights of the table: index of the step, and the weight's name in the float
  /// model.
  package func projections(_ weights: [PlanWeight]) -> [(step: Int, weight: String)] {
    steps.indices.compactMap { index in
      guard let operand = steps[index].projectionWeight, let weight = tensors[operand].weight
      else { return nil }
      return (index, ParameterStore.floatName(weights[weight].name))
    }
  }
}
