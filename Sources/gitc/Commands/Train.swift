import ArgumentParser
import Diagnostics
import Trainer

/// `gitc train`: from a recipe to a checkpoint.
struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a captioner from pairs of images and text.",
    discussion: """
      Ctrl-C finishes the step, saves MODEL.training and says how to go on.

      Example: gitc train recipes/cifar10.yaml -o cifar10.ckpt --log cifar10.jsonl
               gitc train recipes/cifar10.yaml -o cifar10.ckpt --set optimizer.learning_rate=5e-4
      """)

  @Argument(help: "Recipe: model, data, optimizer (YAML).")
  var recipe: String

  @Option(name: .shortAndLong, help: "Checkpoint to write.")
  var output: String

  @Option(name: .customLong("init"), help: "Checkpoint whose weights and vocabulary to start from.")
  var initial: String?

  @Flag(help: "Go on from OUTPUT.training, bit-exactly.")
  var resume = false

  @Option(
    name: .customLong("set"), help: "Override a recipe key: key=value, with dots for sections.")
  var overrides: [String] = []

  @Option(help: "Write a JSON line per step and validation here.")
  var log: String?

  @OptionGroup var execution: ExecutionOptions

  func run() throws {
    let recipe = try Recipe.read(path: recipe, overrides: overrides)
    let log = try log.map { try TrainingLog(path: $0, continues: resume) }
    let run = try TrainingRun(
      recipe,
      .init(
        output: output, initial: initial, resumes: resume, kernels: try execution.kernels(),
        threads: execution.threads.count))
    var display = TrainingDisplay(isTerminal: StandardStreams.showsProgress)
    let outcome = try run.run { progress throws(InputError) in
      try log?.write(progress)
      if let text = display.text(for: progress) { StandardStreams.put(text) }
    }
    if case .interrupted = outcome {
      StandardStreams.note("stopped; go on with the same command and --resume")
      throw ExitCode(130)
    }
  }
}
