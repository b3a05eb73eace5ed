import Captioning
import Compiler
import Diagnostics
import FoundationEssentials
import Kernels
import Media
import Runtime
import Testing
import Tokenizer

/// What options do, from words to words, with a random model.
struct CaptionerSearchTests {
  private static func captioner(maximumTextLength: Int = 12) throws -> Captioner {
    let tiny = try TinyCaptioner(
      seed: 31, frames: 3, precision: .int8, maximumTextLength: maximumTextLength)
    return try Captioner(tiny.model, kernels: KernelSet(), threads: 2)
  }

  private static func input(_ captioner: Captioner, seed: UInt64 = 1) throws -> EncodedInput {
    let image = CaptionerTests.Inputs.image(seed)
    return try captioner.encode(captioner.reader.pixels(of: .frames([image]), name: "image"))
  }

  @Test func anInputIsLookedAtOnceForAllQuestionsBeamsAndSamples() throws {
    let captioner = try Self.captioner()
    let photo = try Self.input(captioner)
    let questions = ["what moves?", "is it red?", "what is it", "what moves?"]
    var answers = try questions.map {
      try captioner.caption(of: photo, options: CaptionOptions(question: $0))
    }
    #expect(answers.map(\.question) == questions)
    #expect(answers[3].tokens == answers[0].tokens)
    func runs(_ function: String) -> Int? {
      captioner.session.facts.first { $0.function == function }?.runs
    }
    // A question is one step of all its tokens.
    let prompts = questions.map { captioner.prompt($0).count }
    for count in Set(prompts) {
      #expect(runs("step, 1 sequences of \(count) rows") == prompts.count { $0 == count })
    }
    _ = try captioner.caption(of: photo, options: CaptionOptions(beams: 4))
    _ = try captioner.caption(of: photo, options: CaptionOptions(search: .original))
    _ = try captioner.caption(
      of: photo, options: CaptionOptions(alternatives: 5, sampling: .init(seed: 2)))
    #expect(runs("encode, 1 frames of 8 x 8") == 1)
    #expect(runs("prefix, 1 of 1 frames") == 1)
    // The look is counted once.
    #expect(answers[0].timing.encode > 0 && answers[0].timing.prefix > 0)
    answers.removeFirst()
    #expect(answers.allSatisfy { $0.timing.total == $0.timing.steps && $0.timing.steps > 0 })
    // Each is what it would be alone.
    for answer in answers {
      let alone = try captioner.caption(
        of: Self.input(captioner), options: CaptionOptions(question: answer.question))
      #expect(alone.tokens == answer.tokens && alone.tokenLogProbs == answer.tokenLogProbs)
    }
  }

  @Test func theOriginalSearchHasItsOwnDefaults() throws {
    let captioner = try Self.captioner()
    let photo = try Self.input(captioner)
    let options = CaptionOptions(question: "what", search: .original)
    let caption = try captioner.caption(of: photo, options: options)
    let found = try captioner.session.generate(
      photo.state, prompt: [2, 12],
      options: SearchOptions(
        .originalBeamSearch, beams: 4, maximumTokens: 10, lengthPenalty: 0.6, endID: 3))[0]
    #expect(caption.tokens == found.tokens && caption.score == found.score)
    #expect(options.beams == 4 && options.maximumTokens > 1024)
  }

  @Test func samplesAreToldInTheOrderTheyWereDrawn() throws {
    let captioner = try Self.captioner()
    let photo = try Self.input(captioner)
    func samples(seed: UInt64, count: Int) throws -> Caption {
      try captioner.caption(
        of: photo,
        options: CaptionOptions(
          alternatives: count, sampling: .init(temperature: 2, topP: 0.95, seed: seed)))
    }
    let five = try samples(seed: 3, count: 5)
    let texts = try #require(five.alternatives)
    #expect(texts.count == 5 && Set(texts.map(\.tokens)).count > 1)
    #expect(five.tokens == texts[0].tokens)
    #expect(try samples(seed: 3, count: 0).tokens == five.tokens)
    #expect(try samples(seed: 3, count: 2).alternatives == Array(texts.prefix(2)))
    #expect(try samples(seed: 4, count: 5).alternatives != texts)
  }

  @Test func aClassIsToldByItsName() throws {
    let captioner = try Self.captioner()
    let photo = try Self.input(captioner)
    let names = ["Red circle", " blue  CIRCLES ", "", "left", "Red circle", "moves left."]
    let classes = try captioner.classes(names)
    #expect(classes.names == ["Red circle", "blue  CIRCLES", "left", "moves left."])
    let caption = try captioner.caption(
      of: photo, options: CaptionOptions(beams: 4, alternatives: 4, classes: classes))
    let found = try #require(caption.alternatives)
    #expect(Set(found.map(\.caption)) == Set(classes.names))
    #expect(caption.caption == found[0].caption && caption.probability == found[0].probability)
    // Probabilities of single tokens to 1e-7, five of them at most.
    #expect(abs(found.reduce(0) { $0 + ($1.probability ?? 0) } - 1) < 5e-7)
    for text in found { #expect(abs(text.score - text.logProb) < 1e-12, "no length penalty") }
    let greedy = try captioner.caption(of: photo, options: CaptionOptions(classes: classes))
    #expect(classes.names.contains(greedy.caption))
    // What score says of the name is what the search said.
    let score = try captioner.score(
      captioner.reader.pixels(of: .frames([CaptionerTests.Inputs.image(1)]), name: "image"),
      text: greedy.caption)
    #expect(score.tokens == greedy.tokens && score.tokenLogProbs == greedy.tokenLogProbs)
    let free = try captioner.caption(of: photo)
    #expect(free.probability == nil)
  }

  @Test(arguments: [
    (["zebra"], "cannot be spelled", "'zebra'"), ([" ", ""], "no classes", "none"),
    (["left", "Left"], "same to the model", "'left' and 'Left'"),
    (["a [SEP] red"], "cannot be spelled", "[SEP]"),
  ])
  func classesThatCannotBeToldApartOrSaidAreRefused(
    names: [String], what: String, found: String
  ) throws {
    let captioner = try Self.captioner()
    let error = #expect(throws: InputError.self) { try captioner.classes(names, place: "x.txt") }
    #expect(error?.kind == .badData && error?.place == "x.txt")
    #expect(error?.what.contains(what) == true && error?.found.contains(found) == true)
  }

  @Test func filesOfClassesAreReadLineByLine() throws {
    let (inputs, captioner) = (try CaptionerTests.Inputs(), try Self.captioner())
    try inputs.write("names.txt", Array("red circle\r\n\n  left\nmoves".utf8))
    let classes = try captioner.classes(path: inputs.path("names.txt"))
    #expect(classes.names == ["red circle", "left", "moves"])
    try inputs.write("bad.txt", [0x72, 0xFF, 0x0A])
    let text = #expect(throws: InputError.self) {
      try captioner.classes(path: inputs.path("bad.txt"))
    }
    #expect(text?.kind == .badData && text?.expected.contains("UTF-8") == true)
    let missing = #expect(throws: InputError.self) {
      try captioner.classes(path: inputs.path("none.txt"))
    }
    #expect(missing?.kind == .noInput)
  }

  @Test func bannedWordsBecomeTokensAndSequences() throws {
    let captioner = try Self.captioner()
    let options = captioner.searchOptions(
      CaptionOptions(banned: ["Red", "blue circles", "zebra", "", "[unused0]"]))
    #expect(options.bannedIDs == [5])
    #expect(options.bannedWords == [[6, 7, 8]])
    // This vocabulary cannot spell what is banned by default.
    let usual = captioner.searchOptions(CaptionOptions())
    #expect(usual.bannedIDs.isEmpty && usual.bannedWords.isEmpty)
    let classes = try captioner.classes(["red"])
    #expect(
      captioner.searchOptions(CaptionOptions(classes: classes, banned: ["a"])).bannedIDs == [])
    for seed in UInt64(1)...4 {
      let photo = try Self.input(captioner, seed: seed)
      let free = try captioner.caption(of: photo).tokens.dropFirst()
      // A piece that continues a word is no word that can be banned.
      for piece in free where piece > 3 && !captioner.tokenizer.token(piece).hasPrefix("##") {
        let banned = CaptionOptions(banned: [captioner.tokenizer.token(piece)])
        let found = try captioner.caption(of: photo, options: banned)
        #expect(!found.tokens.contains(piece))
      }
    }
  }

  @Test func theMarkOfUnknownPersonsIsBannedWhereItCanBeSaid() throws {
    let words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[", "unused", "##0", "]", "a", "man"]
    let tokenizer = WordPieceTokenizer(vocabulary: try Vocabulary(tokens: words, place: "test"))
    #expect(tokenizer.encode(CaptionOptions.defaultBanned[0]) == [4, 5, 6, 7])
  }

  @Test(arguments: [1, 3])
  func progressEndsWithTheCaption(beams: Int) throws {
    let captioner = try Self.captioner()
    var told: [String] = []
    let caption = try captioner.caption(
      of: Self.input(captioner), options: CaptionOptions(beams: beams)
    ) { told.append($0) }
    #expect(told.last == caption.caption)
    if beams == 1 { #expect(told.count == caption.tokenLogProbs.count) }
  }

  @Test func inputsThatAreLookedAtTogetherLiveSideBySide() throws {
    let captioner = try Self.captioner()
    let (a, b) = (try Self.input(captioner, seed: 1), try Self.input(captioner, seed: 2))
    let (first, second) = (try captioner.caption(of: a), try captioner.caption(of: b))
    #expect(try captioner.caption(of: a).tokenLogProbs == first.tokenLogProbs)
    #expect(try captioner.caption(of: b).tokenLogProbs == second.tokenLogProbs)
    #expect(first.tokenLogProbs != second.tokenLogProbs)
  }
}
