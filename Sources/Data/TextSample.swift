/// What is to be said about one image or clip: a caption, or the answer to a question.
package struct TextSample: Sendable, Equatable {
  /// The key of the image, as its data set names it.
  package var key: String
  /// The caption, or the answer where there is a question.
  package var caption: String
  /// The question, as typed; nil for captions.
  package var question: String?
  /// What the data set calls the question; nil where it does not.
  package var id: String?

  /// Creates a sample.
  package init(key: String, caption: String, question: String? = nil, id: String? = nil) {
    self.id = id
    self.key = key
    self.caption = caption
    self.question = question
  }
}
