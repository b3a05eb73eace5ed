import Randomness
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

  @Test("to be matched ends with [SEP], also where it is cut, and learns no token")
  func matching() {
    func matching(_ caption: [Int], maximum: Int) -> TokenSequence {
      TokenSequence(matching: caption, start: 101, end: 102, maximum: maximum)
    }
    let whole = matching([7, 8], maximum: 4)
    #expect(whole.tokens == [101, 7, 8, 102])
    #expect(whole.labels == [-1, -1, -1, -1])
    #expect(matching([7, 8, 9], maximum: 4).tokens == [101, 7, 8, 102])
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

  @Test("takes its context from other texts, place by place, but learns its own words")
  func noise() {
    let own = sequence([5, 6], [7, 8, 9])
    let others = [sequence([1, 2], [3, 4]), sequence([], [21, 22, 23, 24])]
    var random = SeededRandom(1)
    var seen = [Set<Int32>](repeating: [], count: own.tokens.count)
    for _ in 0..<100 {
      let noisy = own.withNoise(0.5, from: others, random: &random)
      #expect(noisy.labels == own.labels)
      for (place, token) in noisy.tokens.enumerated() { seen[place].insert(token) }
    }
    // [CLS] and question stay; no other text reaches the last place.
    #expect(seen == [[101], [5], [6], [7, 3, 23], [8, 4, 24], [9]])
  }

  @Test("replaces the share of words that is asked for", arguments: [Float(0), 0.25, 1])
  func noiseShare(share: Float) {
    let count = 4000
    let own = sequence([], [Int](repeating: 7, count: count), maximum: count + 1)
    let other = sequence([], [Int](repeating: 8, count: count), maximum: count + 1)
    var random = SeededRandom(2)
    let noisy = own.withNoise(share, from: [other], random: &random)
    let replaced = noisy.tokens.count { $0 == 8 }
    // Four standard deviations of a binomial count.
    let bound = 4 * (Float(count) * share * (1 - share)).squareRoot()
    #expect(abs(Float(replaced) - share * Float(count)) <= bound)
  }
}
