import Checkpoint
import Data
package import Diagnostics
package import Kernels
import Tokenizer

/// One training run from recipe to checkpoint, through all stages of the recipe.
package final class TrainingRun {
  /// Where a run starts and what it writes.
  package struct Options: Sendable {
    /// The checkpoint to write.
    package var output: String
    /// A checkpoint whose parameters are the start, instead of random ones.
    package var initial: String?
    /// Go on from `<output>.training`.
    package var resumes: Bool
    package var kernels: KernelSet
    package var threads: Int

    package init(
      output: String, initial: String? = nil, resumes: Bool = false, kernels: KernelSet,
      threads: Int
    ) {
      self.output = output
      self.initial = initial
      self.resumes = resumes
      self.kernels = kernels
      self.threads = threads
    }
  }

  /// How a run ended.
  package enum Outcome: Equatable, Sendable {
    /// The output is written.
    case finished
    /// Stopped by a signal after this step; the state is saved.
    case interrupted(step: Int)
  }

  private let recipe: StagedRecipe
  private let options: Options
  private let vocabulary: Vocabulary
  let data: [StageData]
  /// The stage that is ready to run, until it is over.
  private var current: StageRun?
  /// The step that ``run(_:)`` begins with: 1, or the one after the state resumed from; steps count
  /// through all stages.
  package let firstStep: Int
  /// What the run took from ``Options/initial``; nil where it starts from nothing or goes on.
  package let start: InitialParameters?

  /// Opens the data of every stage, makes or reads the vocabulary, compiles the first step, and fills the
  /// parameters.
  ///
  /// - Throws: before the first step for anything missing, empty or contradictory.
  package init(_ recipe: StagedRecipe, _ options: Options) throws(InputError) {
    self.recipe = recipe
    self.options = options
    let initial = try options.initial.map { path throws(InputError) in
      try Checkpoint.read(path: path)
    }
    // Stages mostly share their data sets, which are opened once.
    var opened: [(location: DatasetLocation, dataset: any Dataset)] = []
    for location in recipe.stages.flatMap({ $0.recipe.train.map(\.location) })
    where !opened.contains(where: { $0.location == location }) {
      opened.append((location, try DatasetForm.open(location)))
    }
    let vocabulary = try Self.vocabulary(
      recipe.stages[0].recipe, initial, opened.map(\.dataset))
    self.vocabulary = vocabulary
    var data: [StageData] = []
    for stage in recipe.stages {
      let datasets = stage.recipe.train.compactMap { source in
        opened.first { $0.location == source.location }?.dataset
      }
      data.append(try StageData(stage.recipe, datasets, vocabulary))
    }
    self.data = data
    var (stage, beginning) = (0, StageRun.Beginning.random)
    if options.resumes {
      let place = TrainingState.path(output: options.output)
      let (state, progress) = try TrainingState.read(place: place)
      try Self.check(state.vocabulary, vocabulary, place: place)
      try Self.check(progress, recipe, data, place: place)
      stage = progress.stage
      beginning = .state(state, progress, place: place)
    } else if let initial, let path = options.initial {
      beginning = .model(initial, place: path)
    }
    let first = try StageRun(
      recipe, stage, data[stage], vocabulary, options, beginning: beginning)
    current = first
    firstStep = recipe.stepsBefore(stage) + first.firstStep
    start = options.resumes ? nil : first.start
  }

  /// A run of one stage.
  package convenience init(_ recipe: Recipe, _ options: Options) throws(InputError) {
    try self.init(StagedRecipe(recipe), options)
  }

  /// Refuses to go on with anything that would make another run of it.
  private static func check(
    _ progress: TrainingState.Progress, _ recipe: StagedRecipe, _ data: [StageData], place: String
  ) throws(InputError) {
    func other(_ expected: String, _ found: String) -> InputError {
      InputError(
        .usage, "recipe is not the one that was interrupted", expected: expected, found: found,
        in: place, advice: "resume with the same recipe, or start anew with --init \(place)")
    }
    guard data.indices.contains(progress.stage) else {
      throw other("\(progress.stage + 1) stages or more", "\(data.count)")
    }
    let difference = RecipeFields.difference(
      progress.recipe, RecipeFields.of(recipe),
      ignoring: RecipeFields.lengths(of: recipe, from: progress.stage))
    if let field = difference {
      throw other("\(field.name) \(field.saved)", "\(field.name) \(field.now)")
    }
    for (index, (rows, source)) in zip(progress.rows, data[progress.stage].sources).enumerated()
    where rows != source.count {
      throw other("\(rows) rows in data.train[\(index)]", "\(source.count)")
    }
    let steps = recipe.stages[progress.stage].recipe.steps
    guard progress.step < steps else {
      throw InputError(
        .usage, "recipe ends before the step the run came to",
        expected: "more than \(progress.step) steps", found: "\(steps)", in: place,
        advice: "set steps higher")
    }
  }

  private static func check(
    _ saved: [String], _ now: Vocabulary, place: String
  ) throws(InputError) {
    guard saved == now.tokens else {
      throw InputError(
        .usage, "vocabulary is not the one of the interrupted run",
        expected: "\(saved.count) tokens as in the state",
        found: "\(now.tokens.count), not all the same", in: place,
        advice: "resume with the same recipe, data and --init")
    }
  }

  /// Bytes that the values of a step take beside parameters, gradients and moments; of the stage that is
  /// ready to run.
  package var arenaBytes: Int { current?.arenaBytes ?? 0 }

  /// What was left out of each data set so far, one line each.
  package var skippedSummaries: [String] {
    var known: Set<String> = []
    return data.flatMap(\.summaries).filter { known.insert($0).inserted }
  }

  private static func vocabulary(
    _ recipe: Recipe, _ initial: Checkpoint?, _ datasets: [any Dataset]
  ) throws(InputError) -> Vocabulary {
    if let path = recipe.vocabularyPath { return try Vocabulary(contentsOf: path) }
    if let initial { return try Vocabulary(tokens: initial.vocabulary, place: "--init") }
    var texts: [String] = []
    for dataset in datasets {
      for row in 0..<dataset.count {
        for sample in dataset.annotations(row) {
          texts.append(sample.caption)
          if let question = sample.question { texts.append(question) }
        }
      }
    }
    return WordPieceTrainer.train(texts, size: recipe.vocabularySize)
  }

  /// Trains to the end or until a signal, telling `watch` of every step.
  ///
  /// - Throws: what `watch` throws; a loss that is not finite or far above those before it, naming step
  ///   and keys, with the last saved state left as it is; a state that cannot be saved, likewise.
  package func run(
    _ watch: (TrainingProgress) throws(InputError) -> Void
  ) throws(InputError) -> Outcome {
    Interruption.watch()
    while let stage = current {
      try stage.announce(watch)
      if let step = try stage.run(watch) { return .interrupted(step: step) }
      let next = stage.index + 1
      guard next < recipe.stages.count else {
        try stage.writeModel(to: options.output, isFinished: true, watch)
        break
      }
      let beginning = try end(stage, watch)
      // Before the next stage takes memory of its own.
      current = nil
      if Interruption.isRequested { return .interrupted(step: recipe.stepsBefore(next)) }
      current = try StageRun(
        recipe, next, data[next], vocabulary, options, beginning: beginning)
    }
    TrainingState.remove(output: options.output)
    return .finished
  }

  /// Keeps the model of a stage that is over, where it is to be kept, and saves the state between it and
  /// the next, which begins with what is returned.
  private func end(
    _ stage: StageRun, _ watch: (TrainingProgress) throws(InputError) -> Void
  ) throws(InputError) -> StageRun.Beginning {
    let (model, ended, next) = (stage.model, recipe.stages[stage.index], stage.index + 1)
    if ended.isKept {
      let path = recipe.keptPath(stage.index, output: options.output)
      try stage.writeModel(to: path, isFinished: false, watch)
    }
    let sources = data[next].sources
    let progress = TrainingState.Progress(
      stage: next, step: 0, recipe: RecipeFields.of(recipe), rows: sources.map(\.count),
      losses: LossWatch(
        sources: sources.count, factor: recipe.stages[next].recipe.spikeFactor))
    let place = TrainingState.path(output: options.output)
    try TrainingState.write(model, progress, moments: [:], place: place)
    try watch(.saved(step: recipe.stepsBefore(next), path: place))
    return .state(model, progress, place: "stage \(ended.name)")
  }
}
