import Diagnostics

/// What a made-up data set holds.
package struct ScenesOptions: Sendable, Equatable {
  /// Training images; 0 for no images at all.
  package var images: Int
  /// Training clips; 0 for no clips at all.
  package var clips: Int
  /// Training pictures of words; 0 for no words at all.
  package var words: Int
  /// Frames per clip, at least 2.
  package var frames: Int
  /// The seed of everything; the same seed gives the same bytes.
  package var seed: UInt64
  /// Width and height in pixels, from 32 to 1024.
  package var side: Int
  /// Whether each row also gets two questions with their answers.
  package var questions: Bool
  /// Rows of each evaluation set; nil for a twentieth of the training set, at least 200.
  package var evaluationRows: Int?
  /// How many threads render; the files do not depend on it.
  package var threads: Int

  /// Creates options; those not given are the usual ones.
  package init(
    images: Int, clips: Int, words: Int = 0, frames: Int = 6, seed: UInt64 = 0, side: Int = 128,
    questions: Bool = false, evaluationRows: Int? = nil, threads: Int = 1
  ) {
    self.images = images
    self.clips = clips
    self.words = words
    self.frames = frames
    self.seed = seed
    self.side = side
    self.questions = questions
    self.evaluationRows = evaluationRows
    self.threads = threads
  }

  /// Rows of an evaluation set beside a training set of this many.
  func evaluationRows(beside training: Int) -> Int { evaluationRows ?? max(200, training / 20) }

  /// Checks what a user may have asked for.
  func check() throws(InputError) {
    try check("the number of images", images, 0...100_000_000)
    try check("the number of clips", clips, 0...100_000_000)
    try check("the number of words", words, 0...100_000_000)
    try check("the number of frames per clip", frames, 2...1000)
    try check("the side of the images in pixels", side, 32...1024)
    try check("the number of rows for evaluation", evaluationRows ?? 1, 1...100_000_000)
    try check("the number of threads", threads, 1...4096)
    guard images > 0 || clips > 0 || words > 0 else {
      throw InputError(
        .usage, "there is nothing to make", expected: "at least one image, clip or word",
        found: "0 images, 0 clips and 0 words", in: "the scenes options", advice: "ask for some")
    }
  }

  private func check(
    _ what: String, _ value: Int, _ range: ClosedRange<Int>
  ) throws(InputError) {
    guard range.contains(value) else {
      throw InputError(
        .usage, "\(what) is out of range",
        expected: "\(range.lowerBound) to \(range.upperBound)", found: "\(value)",
        in: "the scenes options", advice: "choose another number")
    }
  }
}
