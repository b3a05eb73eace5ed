import ArgumentParser
import Captioning
import Diagnostics
import Evaluation

/// `gitc score`: how likely a text is for an input.
struct ScoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score", abstract: "Say how likely the model finds a text for an input.",
    discussion: """
      Prints the natural logarithm of the probability of every token, the end included, and their \
      sum.

      Example: gitc score scenes.plan photo.jpg --text 'a red circle'
      """)

  @Argument(help: "Plan that gitc compile wrote.")
  var plan: String

  @Argument(help: "An image, a video, a folder of frames or an .npy array.")
  var input: String

  @Option(help: "The text.")
  var text: String

  @Option(help: "Question that the text answers.")
  var question: String?

  @Option(help: "text or json.")
  var format = ReportFormat.text

  @OptionGroup var execution: ExecutionOptions

  func run() throws {
    let captioner = try execution.captioner(plan)
    let score = try captioner.score(path: input, text: text, question: question)
    try StandardStreams.result(
      format == .json ? JSONText.of(score) : captioner.text(of: score))
  }
}
