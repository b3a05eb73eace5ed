import Diagnostics
import Formats

/// A step with its tensors bound and matched against the patterns of its opcode.
struct StepView {
  let step: PlanStep
  /// "model.plan, function 'encode', steps[3]".
  let place: String
  let operands: [BoundTensor]
  let results: [BoundTensor]
  let match: ShapeMatch

  /// The error of a step whose tensors or attributes do not fit each other.
  func failure(_ what: String, expected: String, found: String) -> InputError {
    InputError(
      .badData, "\(step.opcode.protoName): \(what)", expected: expected, found: found, in: place,
      advice: "compile the model again")
  }

  /// Throws unless `condition` holds.
  func check(
    _ condition: Bool, _ what: @autoclosure () -> String, expected: @autoclosure () -> String,
    found: @autoclosure () -> String
  ) throws(InputError) {
    if !condition { throw failure(what(), expected: expected(), found: found()) }
  }

  /// Throws unless `levels` is a number of levels that kernels know.
  func checkLevels() throws(InputError) {
    try check(
      step.levels == 127 || step.levels == 255, "levels", expected: "127 or 255",
      found: "\(step.levels)")
  }

  /// The rows that `part` repeats with along the rows of `whole`: its last axes must be whole's.
  func repeatedRows(_ part: BoundTensor, of whole: [Int]) throws(InputError) -> Int {
    try check(
      part.shape.count <= whole.count && Array(whole.suffix(part.shape.count)) == part.shape,
      "the residual", expected: "the last axes of \(whole)", found: part.description)
    return elementCount(part.shape.dropLast())
  }
}
