import ArgumentParser
import Captioning

/// How a caption is looked for.
struct CaptioningOptions: ParsableArguments {
  @Option(help: "Ask a question instead of captioning.")
  var question: String?

  @Option(help: ArgumentHelp("Beams of the search; 1 takes the likeliest token.", valueName: "n"))
  var beam = 1

  @Option(help: ArgumentHelp("Tell the K best texts of a beam search.", valueName: "k"))
  var alternatives = 0

  @Option(help: ArgumentHelp("The most tokens generated.", valueName: "n"))
  var maxTokens = 40

  @Option(help: ArgumentHelp("The most frames taken of a clip.", valueName: "n"))
  var frames: Int?

  var values: CaptionOptions {
    CaptionOptions(
      question: question, beams: beam, maximumTokens: maxTokens, frames: frames,
      alternatives: alternatives)
  }
}
