package import Diagnostics

/// What a search reads of the scores of a row.
package enum ScoresRead: Sendable {
  /// The likeliest tokens, and only now and then others.
  case likeliest
  /// Any of them.
  case all
}

/// The likeliest tokens after a row.
package struct Candidates {
  /// Likeliest first; −1 where no more can come.
  let tokens: UnsafeBufferPointer<Int32>
  /// Their scores before softmax.
  let logits: UnsafeBufferPointer<Float>
  /// The greatest score of all.
  let maximum: Float
  /// Σ e^(score − maximum) of all.
  let sum: Double
}

/// What a search asks of a decoder: what comes next, for several sequences at once.
///
/// Sequences live in rows. After ``begin(prompt:images:sequencesPerImage:longest:)`` row i is image i
/// with the prompt; after ``advance(parents:tokens:)`` row s belongs to image s / sequencesPerImage.
package protocol StepModel: AnyObject {
  /// V: the scores of a row.
  var vocabularyCount: Int { get }
  /// The longest sequence, prompt included.
  var capacity: Int { get }

  /// Reads the prompt for every image, and prepares for `images * sequencesPerImage` sequences of up
  /// to `longest` tokens, of whose scores the search will read `read`.
  ///
  /// - Precondition: `prompt` has 1 ... `longest` tokens, all in 0 ..< V; `longest` is at most
  ///   `capacity`.
  func begin(
    prompt: [Int], images: Int, sequencesPerImage: Int, longest: Int, reading read: ScoresRead
  ) throws(InputError)

  /// Makes row s the sequence of row `parents[s]` followed by `tokens[s]`.
  ///
  /// - Parameters:
  ///   - parents: per new row, one of the same image as it was before the call.
  ///   - tokens: per new row.
  /// - Precondition: no sequence exceeds `longest`; tokens are in 0 ..< V.
  func advance(parents: [Int], tokens: [Int])

  /// The likeliest of what follows row `row`, valid until the next `begin` or `advance`; nil from a
  /// model that finds all scores first.
  func candidates(_ row: Int) -> Candidates?

  /// The scores of what follows row `row`, before softmax; valid until the next call.
  func logits(_ row: Int) -> UnsafeBufferPointer<Float>
}

extension StepModel {
  package func candidates(_ row: Int) -> Candidates? { nil }
}
