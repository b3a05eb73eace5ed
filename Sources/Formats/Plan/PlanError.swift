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
      .badData, "plan field \(field) \(what)", expected: Self.cut(expected), found: Self.cut(found),
      in: "\(place), field \(field)", advice: advice)
  }

  /// Names and shapes come from the file: no message should be as long as it can make them.
  private static func cut(_ text: String) -> String {
    text.utf8.count > 1000 ? "\(text.prefix(500))…" : text
  }

  /// A file whose head is not a `gitc.Plan`.
  func unreadable(expected: String, found: String) -> InputError {
    InputError(
      .badData, "not a readable plan", expected: expected, found: found, in: place,
      advice: "check that this is a file `gitc compile` wrote; get it again or compile again")
  }
}
