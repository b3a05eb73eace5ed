import ArgumentParser
import Data
import Diagnostics

/// `gitc data scenes`: pictures and clips of coloured shapes, with captions.
struct DataScenes: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scenes", abstract: "Make pictures and clips of coloured shapes, with captions.",
    discussion: """
      Writes pairs of TSV files for training, validation and held-out combinations, and samples/. The \
      same seed gives the same bytes. The names of the files written go to stdout.

      Example: gitc data scenes -o scenes --images 1000 --clips 200
      """)

  @Option(name: .shortAndLong, help: "Folder to write to; made if missing.")
  var output: String

  @Option(help: "Training images.")
  var images = 10000

  @Option(help: "Training clips.")
  var clips = 2000

  @Option(help: "Training pictures of words to be read.")
  var words = 0

  @Option(help: "Seed of everything.")
  var seed: UInt64 = 0

  @Option(help: "Frames per clip.")
  var frames = 6

  @Option(help: "Width and height in pixels.")
  var side = 128

  @Option(help: "Rows of each evaluation set (default: a twentieth of training, at least 200).")
  var evaluationRows: Int?

  @Flag(help: "Add two questions with answers to each row.")
  var questions = false

  @OptionGroup var threads: ThreadOptions

  func run() throws {
    let report = try SceneWriter.write(
      to: output,
      options: ScenesOptions(
        images: images, clips: clips, words: words, frames: frames, seed: seed, side: side,
        questions: questions, evaluationRows: evaluationRows, threads: threads.count)
    ) { done, total in
      StandardStreams.progress(done, of: total, "rows")
    }
    if let problem = report.videoProblem { StandardStreams.note("gitc: warning: \(problem)") }
    for file in report.files { try StandardStreams.result(file) }
  }
}
