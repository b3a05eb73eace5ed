import Data
import Tokenizer

/// Applies ``TextFilterRules`` to captions, by what all training data of a stage hold.
///
/// Answers to questions are no captions, and stay.
struct TextFilter {
  /// Why a caption is left out; the first that holds counts.
  enum Reason: CaseIterable {
    case short, long, shared, rare
  }

  /// What was left out of one data set.
  struct Tally: Equatable, Sendable {
    fileprivate(set) var counts: [Reason: Int] = [:]
    /// Texts that were looked at.
    fileprivate(set) var texts = 0
    /// Rows of which nothing stayed.
    var rows = 0

    /// "3 of 40 texts filtered: 2 too short, 1 shared; 3 rows left out"; nil where nothing was.
    var summary: String? {
      if counts.isEmpty { return nil }
      let reasons = Reason.allCases.compactMap { reason in
        counts[reason].map { "\($0) \(reason.description)" }
      }
      return "\(counts.values.reduce(0, +)) of \(texts) texts filtered: "
        + reasons.joined(separator: ", ") + "; \(rows) rows left out"
    }
  }

  private let rules: TextFilterRules
  /// The images that have a text, by its words.
  private var images: [String: Int] = [:]
  /// How often words and pairs of neighbours occur.
  private var grams: [String: Int] = [:]
  /// Grams that occur less often are rare.
  private var threshold = 0

  /// Counts what the data sets hold.
  init(_ rules: TextFilterRules, _ datasets: [any Dataset]) {
    self.rules = rules
    for dataset in datasets {
      for row in 0..<dataset.count {
        let captions = dataset.annotations(row).filter { $0.question == nil }
        let texts = captions.map { Words.of($0.caption) }
        for text in Set(texts.map(Self.key)) { images[text, default: 0] += 1 }
        for words in texts { for gram in Self.grams(words) { grams[gram, default: 0] += 1 } }
      }
    }
    // As many as are wanted, and those as frequent as the last of them.
    if grams.count > rules.frequent {
      threshold = grams.values.sorted(by: >)[rules.frequent - 1]
    }
  }

  private static func key(_ words: [String]) -> String { words.joined(separator: " ") }

  private static func grams(_ words: [String]) -> [String] {
    words + zip(words, words.dropFirst()).map { "\($0) \($1)" }
  }

  /// Whether a text stays, which `tally` takes down.
  func keeps(_ sample: TextSample, _ tally: inout Tally) -> Bool {
    guard sample.question == nil else { return true }
    tally.texts += 1
    guard let reason = reason(Words.of(sample.caption)) else { return true }
    tally.counts[reason, default: 0] += 1
    return false
  }

  private func reason(_ words: [String]) -> Reason? {
    if words.count < rules.minimumWords { return .short }
    if words.count > rules.maximumWords { return .long }
    if images[Self.key(words), default: 0] > rules.sharedBy { return .shared }
    let isRare = Self.grams(words).contains { grams[$0, default: 0] < threshold }
    return isRare ? .rare : nil
  }
}

extension TextFilter.Reason: CustomStringConvertible {
  var description: String {
    switch self {
    case .short: "too short"
    case .long: "too long"
    case .shared: "shared by too many images"
    case .rare: "with rare words"
    }
  }
}
