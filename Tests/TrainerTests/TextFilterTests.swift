import Data
import Diagnostics
import FoundationEssentials
import Kernels
import Testing

@testable import Trainer

@Suite("ALIGN's filters of texts") struct TextFilterTests {
  private let data: ColouredImages

  init() throws { data = try ColouredImages() }

  private func dataset(_ captions: [[String]]) throws -> TSVDataset {
    let image = ColouredImages.image(ColouredImages.colours[0])
    try data.write("texts", captions.enumerated().map { ("\($0)", [image], $1) })
    return try TSVDataset(data["texts.img.tsv"])
  }

  /// Which of the captions stay, and what is told of the rest.
  private func kept(
    _ rules: TextFilterRules, _ captions: [[String]]
  ) throws -> (texts: [String], summary: String?) {
    let filter = TextFilter(rules, [try dataset(captions)])
    var tally = TextFilter.Tally()
    let texts = captions.joined().filter {
      filter.keeps(TextSample(key: "k", caption: $0), &tally)
    }
    return (texts, tally.summary)
  }

  @Test("leave out texts with too few or too many words, punctuation not counted")
  func lengths() throws {
    let rules = TextFilterRules(minimumWords: 2, maximumWords: 3)
    let result = try kept(rules, [["one"], ["One, ... !"], ["one two"], ["a b c."], ["a b c d"]])
    #expect(result.texts == ["one two", "a b c."])
    #expect(
      result.summary
        == "3 of 5 texts filtered: 2 too short, 1 too long; 0 rows left out")
  }

  @Test("leave out texts that more images share than may, however they are written")
  func shared() throws {
    let rules = TextFilterRules(sharedBy: 2, minimumWords: 1)
    let captions = [["a b", "A B!"], ["a  b"], ["c d", "a B"], ["c d"]]
    // "a b" is of three images, twice of the first; "c d" of two.
    let result = try kept(rules, captions)
    #expect(result.texts == ["c d", "c d"])
    #expect(
      result.summary
        == "4 of 6 texts filtered: 4 shared by too many images; 0 rows left out")
  }

  @Test("leave out texts with words or pairs of words beyond the most frequent")
  func rare() throws {
    // Words a 4, b 3, c 2, d 1 and pairs "a b" 3, "b c" 2, "c d" 1, "a d" 1… as they come.
    let captions = [["a b c"], ["a b c"], ["a b"], ["a d"]]
    func texts(_ frequent: Int) throws -> [String] {
      try kept(TextFilterRules(minimumWords: 1, frequent: frequent), captions).texts
    }
    // Counts: a 4; b, a b 3; c, b c 2; d, a d 1.
    #expect(try texts(1) == [])
    #expect(try texts(2) == ["a b"])
    #expect(try texts(4) == ["a b c", "a b c", "a b"])
    #expect(try texts(7) == captions.flatMap { $0 })
  }

  @Test("leave answers to questions alone, and nil out where nothing is left out")
  func questions() throws {
    let filter = TextFilter(TextFilterRules(), [try dataset([["a b c d"]])])
    var tally = TextFilter.Tally()
    let answer = TextSample(key: "k", caption: "two", question: "how many?")
    #expect(filter.keeps(answer, &tally))
    #expect(tally.summary == nil)
  }

  @Test("are read from the recipe, with ALIGN's numbers where it names none")
  func recipe() throws {
    func rules(_ section: String) throws -> TextFilterRules? {
      try Recipe(
        yaml: """
          batch_size: 1
          steps: 1
          data: {train: [a]\(section)}
          optimizer: {learning_rate: 1}
          """, place: "r.yaml"
      ).textFilter
    }
    #expect(try rules("") == nil)
    #expect(
      try rules(", text_filter: {}")
        == TextFilterRules(sharedBy: 10, minimumWords: 3, maximumWords: 20, frequent: 100_000_000))
    #expect(
      try rules(", text_filter: {shared_by: 5, minimum_words: 25, frequent: 9}")
        == TextFilterRules(sharedBy: 5, minimumWords: 25, maximumWords: 25, frequent: 9))
    #expect(throws: InputError.self) { try rules(", text_filter: {shared: 5}") }
  }

  @Test("leave rows without a text out of a run, which says how many")
  func run() throws {
    let image = ColouredImages.image(ColouredImages.colours[0])
    try data.write(
      "train",
      [("x", [image], ["red"]), ("y", [image], ["a red one", "no"]), ("z", [image], ["it"])])
    let recipe = try data.recipe(steps: 1, "data.text_filter.minimum_words=3", "batch_size=1")
    let run = try TrainingRun(
      recipe, .init(output: data["model.ckpt"], kernels: .init(), threads: 1))
    #expect(
      run.skippedSummaries == [
        "\(data["train.img.tsv"]): 3 of 4 texts filtered: 3 too short; 2 rows left out"
      ])
    let none = try data.recipe(steps: 1, "data.text_filter.minimum_words=4")
    let error = try #require(throws: InputError.self) {
      _ = try TrainingRun(none, .init(output: data["n.ckpt"], kernels: .init(), threads: 1))
    }
    #expect(error.what == "data set is empty")
    #expect(error.found == "4 of 4 texts filtered: 4 too short; 3 rows left out")
  }
}
