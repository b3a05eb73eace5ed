import ArgumentParser
import Diagnostics
import Evaluation
import Trainer

/// `gitc train`: from a recipe to a checkpoint.
struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a captioner from pairs of images and text.",
    discussion: """
      Ctrl-C finishes the step, saves MODEL.training and says how to go on.

      Example: gitc train recipes/cifar10.yaml -o cifar10.ckpt --log cifar10.jsonl
               gitc train recipes/cifar10.yaml -o cifar10.ckpt --set optimizer.learning_rate=5e-4
               gitc train recipes/cifar10-contrastive.yaml -o cifar10.ckpt --set stages.captions.steps=900
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

  @Option(
    help: ArgumentHelp("Write event files for TensorBoard into this folder.", valueName: "dir"))
  var tensorboard: String?

  @Option(
    help: ArgumentHelp(
      "Write a page with the curves of --log, samples and measures here (HTML).", valueName: "file")
  )
  var report: String?

  @OptionGroup var execution: ExecutionOptions

  func validate() throws {
    if report != nil && log == nil {
      throw ValidationError("--report draws the curves of --log, which is missing")
    }
  }

  func run() throws {
    let settings = try StagedRecipe.read(path: recipe, overrides: overrides)
    let last = settings.stages[settings.stages.count - 1].recipe
    if report != nil && last.objective != .captions {
      throw InputError(
        .usage, "--report shows captions", expected: "objective captions",
        found: "a recipe that matches texts", in: recipe, advice: "leave --report out")
    }
    if resume, let report, TrainingRun.isFinished(output: output) {
      return try write(report, last, [])
    }
    let run = try TrainingRun(
      settings,
      .init(
        output: output, initial: initial, resumes: resume, kernels: try execution.kernels(),
        threads: execution.threads.count))
    if let start = run.start { StandardStreams.note(start.summary) }
    let lines = try log.map { try TrainingLog(path: $0, firstStep: run.firstStep) }
    let board = try tensorboard.map {
      try TensorBoardLog(folder: $0, firstStep: run.firstStep)
    }
    for summary in run.skippedSummaries { StandardStreams.note(summary) }
    StandardStreams.note("the values of a step take \(run.arenaBytes / 1_000_000) MB of memory")
    let skippedBefore = run.skippedSummaries
    var display = TrainingDisplay(isTerminal: StandardStreams.showsProgress)
    let outcome = try run.run { progress throws(InputError) in
      try lines?.write(progress)
      try board?.write(progress)
      if let text = display.text(for: progress) { StandardStreams.put(text) }
    }
    if run.skippedSummaries != skippedBefore {
      for summary in run.skippedSummaries { StandardStreams.note(summary) }
    }
    if case .interrupted = outcome {
      StandardStreams.note("stopped; go on with the same command and --resume")
      throw ExitCode(130)
    }
    if let report { try write(report, last, run.skippedSummaries) }
  }

  /// Writes the page: the validation sets, or some of the training data where there are none.
  private func write(
    _ path: String, _ settings: Recipe, _ skipped: [String]
  ) throws(InputError) {
    let reporter = try TrainingReporter(
      checkpoint: output, kernels: execution.kernels(), threads: execution.threads.count)
    let sets = settings.validation.isEmpty ? settings.train : settings.validation
    let page = try reporter.report(
      sets: sets.map { ($0.name, $0.location) }, curves: TrainingCurves(log: log ?? ""),
      recipe: Recipe.text(path: recipe) + overrides.map { "# --set \($0)\n" }.joined(),
      skipped: skipped)
    try ResultFile.write(page.html, to: path)
    StandardStreams.note("report: \(path)")
  }
}
