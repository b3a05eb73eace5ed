import Diagnostics

/// Which captions of the web are worth learning, by ALIGN's rules.
///
/// - Source: Jia et al. 2021, section 3.2.
package struct TextFilterRules: Sendable, Equatable {
  /// A text of more images than this is left out: it says little of any of them.
  package var sharedBy: Int
  /// Words of a text.
  package var minimumWords: Int
  package var maximumWords: Int
  /// A text with a word, or two words in a row, that are not among so many most frequent ones is left
  /// out.
  package var frequent: Int

  package init(
    sharedBy: Int = 10, minimumWords: Int = 3, maximumWords: Int = 20,
    frequent: Int = 100_000_000
  ) {
    self.sharedBy = sharedBy
    self.minimumWords = minimumWords
    self.maximumWords = maximumWords
    self.frequent = frequent
  }

  /// Reads the section `text_filter`, whose keys have ALIGN's numbers for defaults; nil where it is absent.
  init?(_ data: RecipeReader) throws(InputError) {
    guard let section = try data.optionalSection("text_filter") else { return nil }
    let align = TextFilterRules()
    sharedBy = try section.int("shared_by", align.sharedBy, in: 1...Int.max)
    minimumWords = try section.int("minimum_words", align.minimumWords, in: 0...1_000_000)
    maximumWords = try section.int(
      "maximum_words", max(minimumWords, align.maximumWords), in: minimumWords...1_000_000)
    frequent = try section.int("frequent", align.frequent, in: 1...Int.max)
    try section.finish()
  }
}
