import ArgumentParser
import Captioning
import Diagnostics

/// How a caption is looked for.
struct CaptioningOptions: ParsableArguments {
  @Option(help: "Ask a question instead of captioning; give it again to ask another.")
  var question: [String] = []

  @Option(
    help: ArgumentHelp(
      "Beams of the search (default: 1, the likeliest token each time; 4 with --search original).",
      valueName: "n"))
  var beam: Int?

  @Option(
    help: ArgumentHelp(
      "Tell the K best texts of a beam search, or as many drawn with --sample.", valueName: "k"))
  var alternatives = 0

  @Option(help: "huggingface or original: whose beam search.")
  var search = CaptionOptions.Search.huggingFace

  @Option(
    help: ArgumentHelp(
      "What length does to the ranking (default: 1; 0.6 with --search original; 0 with --classes).",
      valueName: "x"))
  var lengthPenalty: Double?

  @Option(help: "false, true or never: when Hugging Face's search stops.")
  var earlyStopping = CaptionOptions.EarlyStopping.heuristic

  @Flag(help: "Draw tokens at random.")
  var sample = false

  @Option(
    help: ArgumentHelp("With --sample, what logits are divided by (default: 1).", valueName: "x"))
  var temperature: Double?

  @Option(help: ArgumentHelp("With --sample, draw from the K likeliest tokens.", valueName: "k"))
  var topK: Int?

  @Option(
    help: ArgumentHelp(
      "With --sample, draw from the likeliest tokens of probability P together.", valueName: "p"))
  var topP: Double?

  @Option(
    help: ArgumentHelp("With --sample, equal seeds give equal texts (default: 0).", valueName: "s"))
  var seed: UInt64?

  @Option(
    help: ArgumentHelp(
      "The most tokens generated (default: 40; what the model has room for with --search original).",
      valueName: "n"))
  var maxTokens: Int?

  @Option(help: ArgumentHelp("The most frames taken of a clip.", valueName: "n"))
  var frames: Int?

  @Option(help: ArgumentHelp("Choose one of the names in a file, one per line.", valueName: "file"))
  var classes: String?

  @Option(
    help: ArgumentHelp(
      "A word that no caption contains; give it again for another (default: [unused0]; '' for none).",
      valueName: "word"))
  var ban: [String] = []

  func validate() throws {
    let sampling: [(String, Bool)] = [
      ("--temperature", temperature != nil), ("--top-k", topK != nil), ("--top-p", topP != nil),
      ("--seed", seed != nil),
    ]
    if let (name, _) = sampling.first(where: \.1), !sample {
      throw ValidationError("\(name) is for --sample")
    }
    if classes != nil, !ban.isEmpty {
      throw ValidationError("--ban is of no use with --classes; leave the class out of the file")
    }
  }

  /// The options, with classes for `captioner`; the question is one of ``questions``.
  func values(for captioner: Captioner) throws(InputError) -> CaptionOptions {
    var options = CaptionOptions(
      beams: beam, maximumTokens: maxTokens, frames: frames, alternatives: alternatives,
      search: search, lengthPenalty: lengthPenalty, earlyStopping: earlyStopping)
    if sample {
      options.sampling = CaptionOptions.Sampling(
        temperature: temperature ?? 1, topK: topK, topP: topP ?? 1, seed: seed ?? 0)
    }
    if let classes { options.classes = try captioner.classes(path: classes) }
    if !ban.isEmpty { options.banned = ban.filter { !$0.isEmpty } }
    return options
  }

  /// What is asked of each input; nil for a caption.
  var questions: [String?] { question.isEmpty ? [nil] : question }
}
