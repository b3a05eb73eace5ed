import Diagnostics

/// Makes the errors about one plan.
struct PlanError {
  /// The file.
  let place: String

  /// An error about a field of the file; `what` is said of it: "names no tensor".
  func callAsFunction(
    _ field: FieldPath, _ what: String, expected: String, found: String,
    advice: String = "the file is damaged; get it again or compile the checkpoint again"
  ) -> InputError {
    InputError(
      .badData, "plan field \(field) \(what)", expected: expected, found: found,
      in: "\(place), field \(field)", advice: advice)
  }

  /// A file whose head is not a `gitc.Plan`.
  func unreadable(expected: String, found: String) -> InputError {
    InputError(
      .badData, "not a readable plan", expected: expected, found: found, in: place,
      advice: "check that this is a file `gitc compile` wrote; get it again or compile again")
  }
}
