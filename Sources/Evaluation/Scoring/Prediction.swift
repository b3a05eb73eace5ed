/// What was said about one input, beside what would be right.
package struct Prediction: Sendable, Equatable, Encodable {
  /// The key of the sample, or the input's path.
  package var key: String
  /// What was asked; nil for a caption.
  package var question: String?
  /// What was said.
  package var prediction: String
  /// What would be right; empty where nobody says.
  package var references: [String]
  /// Whether it is one of the references; case and spacing do not count.
  package var isExact: Bool

  private enum CodingKeys: CodingKey {
    case key, question, prediction, references
  }
}
