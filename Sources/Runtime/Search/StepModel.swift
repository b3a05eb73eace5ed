package import Diagnostics

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
  /// to `longest` tokens.
  ///
  /// - Precondition: `prompt` has 1 ... `longest` tokens, all in 0 ..< V; `longest` is at most
  ///   `capacity`.
  func begin(
    prompt: [Int], images: Int, sequencesPerImage: Int, longest: Int
  ) throws(InputError)

  /// Makes row s the sequence of row `parents[s]` followed by `tokens[s]`.
  ///
  /// - Parameters:
  ///   - parents: per new row, one of the same image as it was before the call.
  ///   - tokens: per new row.
  /// - Precondition: no sequence exceeds `longest`; tokens are in 0 ..< V.
  func advance(parents: [Int], tokens: [Int])

  /// The scores of what follows row `row`, before softmax; valid until the next call.
  func logits(_ row: Int) -> UnsafeBufferPointer<Float>
}
