import Checkpoint
import Data
import Diagnostics
import Formats
import Graph
import Kernels
import Randomness
import Tokenizer

/// The training of one stage, from what it begins with to its last step.
struct StageRun {
  /// What the parameters begin with.
  enum Beginning {
    case random
    /// Those that the checkpoint has, from a file or an earlier stage.
    case model(Checkpoint, place: String)
    /// A saved state; at step 0 that of the stage before.
    case state(Checkpoint, TrainingState.Progress, place: String)
  }

  /// Which of the recipe's stages.
  let index: Int
  /// What came from a checkpoint; nil at random and in the midst of a stage.
  let start: InitialParameters?
  /// The first step that is to be done, counted from 1 in this stage.
  let firstStep: Int
  private let stages: StagedRecipe
  private let recipe: Recipe
  private let options: TrainingRun.Options
  private let data: StageData
  private let program: TrainingProgram
  private let optimizer: AdamW
  private let state: TrainingState
  private let losses: LossWatch

  /// Compiles the step and fills the parameters.
  ///
  /// - Throws: when there is not memory enough, or the parameters do not fit.
  init(
    _ stages: StagedRecipe, _ index: Int, _ data: StageData, _ vocabulary: Vocabulary,
    _ options: TrainingRun.Options, beginning: Beginning
  ) throws(InputError) {
    let recipe = stages.stages[index].recipe
    self.stages = stages
    self.index = index
    self.recipe = recipe
    self.options = options
    self.data = data
    var configuration = recipe.configuration
    configuration.text.vocabularySize = vocabulary.count
    do {
      program = try TrainingProgram(
        configuration, recipe.objective, dropout: recipe.dropout, smoothing: recipe.smoothing,
        options: recipe.stepOptions, isFrozen: { recipe.optimizer.group(of: $0).isFrozen },
        kernels: options.kernels,
        threads: options.threads)
    } catch {
      preconditionFailure("a valid configuration compiles: \(error)")
    }
    try program.prepare(
      training: data.sources.flatMap { source in
        let sides = recipe.imageSizes.isEmpty ? [nil] : recipe.imageSizes.map(Optional.some)
        return sides.map { source.shape(recipe.batchSize, side: $0) }
      },
      validation: data.validation.map { $0.source.shape(recipe.batchSize) })
    optimizer = AdamW(
      program.buffers, recipe.optimizer, kernels: options.kernels, threads: options.threads)

    let graph = recipe.objective.graph(configuration)
    state = TrainingState(
      template: Checkpoint(
        graph: graph, configuration: configuration,
        preprocessing: Preprocessing(imageSize: configuration.vision.imageSize),
        vocabulary: vocabulary.tokens, parameters: [:]),
      buffers: program.buffers)
    Initialization.fill(program.buffers, graph: graph, seed: recipe.seed)
    switch beginning {
    case .state(let model, let progress, let place) where progress.step > 0:
      try state.restore(model, place: place)
      (start, firstStep, losses) = (nil, progress.step + 1, progress.losses)
      return
    case .model(let model, let place), .state(let model, _, let place):
      start = try state.load(model, place: place)
    case .random: start = nil
    }
    firstStep = 1
    losses = LossWatch(sources: data.sources.count, factor: recipe.spikeFactor)
  }

  /// Bytes that the values of a step take beside parameters, gradients and moments.
  var arenaBytes: Int { program.arenaBytes }

  /// The model as it is now.
  var model: Checkpoint { state.model }

  /// Writes the model alone; as 16 bits where that is the end and the recipe wants it.
  func writeModel(
    to path: String, isFinished: Bool, _ watch: (TrainingProgress) throws(InputError) -> Void
  ) throws(InputError) {
    try model.write(to: path, isHalf: isFinished && recipe.halfPrecision)
    try watch(.saved(step: global(recipe.steps), path: path))
  }

  /// Tells of the stage where the recipe has more than one.
  func announce(_ watch: (TrainingProgress) throws(InputError) -> Void) throws(InputError) {
    guard stages.stages.count > 1 else { return }
    try watch(
      .stage(
        name: stages.stages[index].name, firstStep: global(firstStep),
        lastStep: global(recipe.steps), start: index > 0 ? start : nil))
  }

  /// A step of this stage among those of all.
  private func global(_ step: Int) -> Int { stages.stepsBefore(index) + step }

  /// Trains to the end or until a signal, telling `watch` of every step.
  ///
  /// - Returns: the step after which a signal stopped it, with the state saved; nil at the end.
  /// - Throws: what `watch` throws; a loss that is not finite or far above those before it, naming step
  ///   and keys, with the last saved state left as it is; a state that cannot be saved, likewise.
  func run(
    _ watch: (TrainingProgress) throws(InputError) -> Void
  ) throws(InputError) -> Int? {
    let sources = data.sources
    let loader = BatchLoader(
      sources: sources,
      schedule: BatchSchedule(
        counts: sources.map(\.count), weights: recipe.train.map(\.weight),
        batchSize: recipe.samplesPerStep, seed: recipe.seed, shuffle: recipe.shuffle,
        step: firstStep),
      seed: recipe.seed, sides: recipe.imageSizes)
    var speed = SpeedMeter()
    var losses = losses
    var lastSaved = global(firstStep) > 1 ? firstStep - 1 : nil
    for step in firstStep..<(recipe.steps + 1) {
      let batch = try loader.next()
      var dropout = SeededRandom(recipe.seed, 3, UInt64(step))
      let loss = try program.step(batch, random: &dropout)
      let norm = optimizer.gradientNorm()
      guard loss.isFinite, norm.isFinite else {
        throw diverged(
          step, expected: "a finite loss and gradient",
          found: "loss \(loss), gradient norm \(norm)",
          batch, lastSaved)
      }
      if let usual = losses.add(loss, source: batch.source) {
        throw diverged(
          step, expected: "a loss about \(usual), as before", found: "a spike of \(loss)", batch,
          lastSaved)
      }
      let rate = recipe.optimizer.rate(step: step, of: recipe.steps)
      optimizer.update(step: step, rate: rate, norm: norm)
      program.limitTemperature()
      let samplesPerSecond = speed.add(samples: batch.shape.count)
      try watch(
        .step(
          TrainingStep(
            step: global(step), steps: stages.stepsBefore(stages.stages.count), loss: loss,
            learningRate: rate, gradientNorm: norm, samplesPerSecond: samplesPerSecond,
            secondsLeft: Double(samplesLeft(after: step)) / samplesPerSecond)))
      for source in sources {
        for problem in source.takeProblems() {
          try watch(.skipped(step: global(step), problem: problem))
        }
      }
      let isLast = step == recipe.steps
      if Interruption.isRequested && !isLast {
        try save(step, losses, watch)
        return global(step)
      }
      if step % recipe.validationInterval == 0 || isLast {
        try validate(step, watch)
        if !isLast {
          try save(step, losses, watch)
          lastSaved = step
        }
        speed.pause()
      }
    }
    return nil
  }

  /// Samples of this stage and those after it.
  private func samplesLeft(after step: Int) -> Int {
    stages.stages[(index + 1)...].reduce((recipe.steps - step) * recipe.samplesPerStep) {
      $0 + $1.recipe.steps * $1.recipe.samplesPerStep
    }
  }

  private func save(
    _ step: Int, _ losses: LossWatch,
    _ watch: (TrainingProgress) throws(InputError) -> Void
  ) throws(InputError) {
    let place = TrainingState.path(output: options.output)
    try TrainingState.write(
      model,
      .init(
        stage: index, step: step, recipe: RecipeFields.of(stages),
        rows: data.sources.map(\.count), losses: losses), moments: state.moments, place: place)
    try watch(.saved(step: global(step), path: place))
  }

  private func validate(
    _ step: Int, _ watch: (TrainingProgress) throws(InputError) -> Void
  ) throws(InputError) {
    var results: [(source: String, metrics: ValidationMetrics)] = []
    for (name, source) in data.validation {
      let count = min(recipe.validationLimit, source.count)
      var sum: ValidationResult?
      for first in stride(from: 0, to: count, by: recipe.batchSize) {
        let rows = Array(first..<min(count, first + recipe.batchSize))
        let batch = try source.batch(rows: rows, random: nil)
        guard batch.shape.count > 0 else { continue }
        let result = try program.validate(batch)
        if sum?.add(result) == nil { sum = result }
      }
      guard let sum else {
        throw InputError(
          .badData, "no image of the validation data can be read", expected: "one sample or more",
          found: source.skipped.summary ?? "none", in: name, advice: "check the images")
      }
      results.append((name, sum.metrics))
    }
    if !results.isEmpty { try watch(.validation(step: global(step), results: results)) }
  }

  private func diverged(
    _ step: Int, expected: String, found: String, _ batch: Batch, _ lastSaved: Int?
  ) -> InputError {
    let path = TrainingState.path(output: options.output)
    let state =
      lastSaved.map { "\(path) holds the good state of step \(global($0))" }
      ?? "no state has been saved yet"
    return InputError(
      .badData, "training diverged at step \(global(step))", expected: expected, found: found,
      in: "the batch of \(batch.keys.prefix(64).joined(separator: " "))"
        + (batch.keys.count > 64 ? " and \(batch.keys.count - 64) more" : ""),
      advice: "lower optimizer.learning_rate or clip_norm, or look at these samples; \(state)")
  }
}
