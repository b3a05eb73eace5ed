import Testing

@testable import Trainer

@Suite("A token sequence") struct TokenSequenceTests {
  private func sequence(
    _ question: [Int], _ caption: [Int], maximum: Int = 100
  ) -> TokenSequence {
    TokenSequence(question: question, caption: caption, start: 101, end: 102, maximum: maximum)
  }

  @Test("of a caption starts with [CLS] and is to end with [SEP]")
  func caption() {
    let sequence = sequence([], [7, 8, 9])
    #expect(sequence.tokens == [101, 7, 8, 9])
    #expect(sequence.labels == [7, 8, 9, 102])
  }

  @Test("does not learn the question, and joins the answer to it")
  func question() {
    let sequence = sequence([5, 6], [7, 8])
    #expect(sequence.tokens == [101, 5, 6, 7, 8])
    // The last token of the question is where the answer's first is predicted.
    #expect(sequence.labels == [-1, -1, 7, 8, 102])
  }

  @Test("of no caption is to end at once")
  func empty() {
    #expect(sequence([], []).tokens == [101])
    #expect(sequence([], []).labels == [102])
  }

  @Test("that is too long is cut at the end and then does not learn to end")
  func truncation() {
    #expect(sequence([], [7, 8, 9], maximum: 4).labels == [7, 8, 9, 102])
    let cut = sequence([], [7, 8, 9], maximum: 3)
    #expect(cut.tokens == [101, 7, 8])
    #expect(cut.labels == [7, 8, 9])
    let question = sequence([5, 6, 7], [8], maximum: 2)
    #expect(question.tokens == [101, 5])
    #expect(question.labels == [-1, -1])
  }

  @Test("is filled up with padding that is not learnt")
  func padding() {
    let padded = sequence([5], [7]).padded(to: 5, with: 3)
    #expect(padded.tokens == [101, 5, 7, 3, 3])
    #expect(padded.labels == [-1, 7, 102, -1, -1])
    #expect(padded.padded(to: 5, with: 3) == padded)
  }
}
