import Checkpoint
import Data
package import Diagnostics
import Dispatch
import Formats
import Graph
package import Kernels
import Media
import Randomness
import Tokenizer

/// One training run from recipe to checkpoint.
package struct TrainingRun {
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

  private let recipe: Recipe
  private let options: Options
  let sources: [SampleSource]
  private let validationSources: [(name: String, source: SampleSource)]
  private let program: TrainingProgram
  private let optimizer: AdamW
  private let state: TrainingState
  /// The step that ``run(_:)`` begins with: 1, or the one after the state resumed from.
  package let firstStep: Int
  private let losses: LossWatch

  /// Opens the data, makes or reads the vocabulary, compiles the step, and fills the parameters.
  ///
  /// - Throws: before the first step for anything missing, empty or contradictory.
  package init(_ recipe: Recipe, _ options: Options) throws(InputError) {
    self.recipe = recipe
    self.options = options
    let initial = try options.initial.map { path throws(InputError) in
      try Checkpoint.read(path: path)
    }
    let datasets = try recipe.train.map { source throws(InputError) in
      try DatasetForm.open(source.location)
    }
    let vocabulary = try Self.vocabulary(recipe, initial, datasets)
    var configuration = recipe.configuration
    configuration.text.vocabularySize = vocabulary.count
    let preprocessing = Preprocessing(imageSize: configuration.vision.imageSize)
    let tokenizer = WordPieceTokenizer(vocabulary: vocabulary)

    func open(
      _ dataset: any Dataset, _ augmentation: Recipe.Augmentation
    ) throws(InputError) -> SampleSource {
      try SampleSource(
        dataset, tokenizer: tokenizer, maximumTextLength: configuration.text.maximumTextLength,
        maximumFrames: configuration.frames, preprocessing: preprocessing,
        augmentation: augmentation)
    }
    var sources: [SampleSource] = []
    for dataset in datasets { sources.append(try open(dataset, recipe.augmentation)) }
    self.sources = sources
    validationSources = try recipe.validation.map { source throws(InputError) in
      (source.name, try open(DatasetForm.open(source.location), .none))
    }

    do {
      program = try TrainingProgram(
        configuration, dropout: recipe.dropout, smoothing: recipe.smoothing,
        options: recipe.stepOptions, kernels: options.kernels, threads: options.threads)
    } catch {
      preconditionFailure("a valid configuration compiles: \(error)")
    }
    try program.prepare(
      training: sources.flatMap { source in
        let sides = recipe.imageSizes.isEmpty ? [nil] : recipe.imageSizes.map(Optional.some)
        return sides.map { source.shape(recipe.batchSize, side: $0) }
      },
      validation: validationSources.map { $0.source.shape(recipe.batchSize) })
    let encoder = "git.image_encoder."
    optimizer = AdamW(
      program.buffers, recipe.optimizer, kernels: options.kernels, threads: options.threads,
      isEncoder: { $0.hasPrefix(encoder) })

    let graph = GIT.logits(configuration)
    state = TrainingState(
      template: Checkpoint(
        graph: graph, configuration: configuration,
        preprocessing: preprocessing, vocabulary: vocabulary.tokens,
        parameters: [:]),
      buffers: program.buffers)
    Initialization.fill(program.buffers, graph: graph, seed: recipe.seed)
    if options.resumes {
      let progress = try state.loadState(output: options.output)
      try Self.check(progress, recipe, sources, place: TrainingState.path(output: options.output))
      guard progress.step < recipe.steps else {
        throw InputError(
          .usage, "recipe ends before the step the run came to",
          expected: "more than \(progress.step) steps", found: "\(recipe.steps)",
          in: TrainingState.path(output: options.output), advice: "set steps higher")
      }
      firstStep = progress.step + 1
      losses = progress.losses
    } else {
      if let initial, let path = options.initial { try state.load(initial, place: path) }
      firstStep = 1
      losses = LossWatch(sources: sources.count, factor: recipe.spikeFactor)
    }
  }

  /// Refuses to go on with anything that would make another run of it.
  private static func check(
    _ progress: TrainingState.Progress, _ recipe: Recipe, _ sources: [SampleSource], place: String
  ) throws(InputError) {
    func other(_ expected: String, _ found: String) -> InputError {
      InputError(
        .usage, "recipe is not the one that was interrupted", expected: expected, found: found,
        in: place, advice: "resume with the same recipe, or start anew with --init \(place)")
    }
    if let field = RecipeFields.difference(progress.recipe, RecipeFields.of(recipe)) {
      throw other("\(field.name) \(field.saved)", "\(field.name) \(field.now)")
    }
    for (index, (rows, source)) in zip(progress.rows, sources).enumerated()
    where rows != source.count {
      throw other("\(rows) rows in data.train[\(index)]", "\(source.count)")
    }
  }

  /// Bytes that the values of a step take beside parameters, gradients and moments.
  package var arenaBytes: Int { program.arenaBytes }

  /// What was left out of each data set so far, one line each.
  package var skippedSummaries: [String] {
    let named = zip(recipe.train.map(\.name), sources) + validationSources
    return named.compactMap { name, source in source.skipped.summary.map { "\(name): \($0)" } }
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
    let loader = BatchLoader(
      sources: sources,
      schedule: BatchSchedule(
        counts: sources.map(\.count), weights: recipe.train.map(\.weight),
        batchSize: recipe.samplesPerStep, seed: recipe.seed, shuffle: recipe.shuffle,
        step: firstStep),
      seed: recipe.seed, sides: recipe.imageSizes)
    var speed = SpeedMeter()
    var (losses, lastSaved) = (losses, firstStep > 1 ? firstStep - 1 : nil)
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
      let samplesPerSecond = speed.add(samples: batch.shape.count)
      try watch(
        .step(
          TrainingStep(
            step: step, steps: recipe.steps, loss: loss, learningRate: rate, gradientNorm: norm,
            samplesPerSecond: samplesPerSecond,
            secondsLeft: Double((recipe.steps - step) * recipe.samplesPerStep) / samplesPerSecond)))
      for source in sources {
        for problem in source.takeProblems() { try watch(.skipped(step: step, problem: problem)) }
      }
      let isLast = step == recipe.steps
      if Interruption.isRequested && !isLast {
        try save(step, losses, watch)
        return .interrupted(step: step)
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
    try state.writeModel(to: options.output)
    try watch(.saved(step: recipe.steps, path: options.output))
    TrainingState.remove(output: options.output)
    return .finished
  }

  private func save(
    _ step: Int, _ losses: LossWatch,
    _ watch: (TrainingProgress) throws(InputError) -> Void
  ) throws(InputError) {
    try state.writeState(
      .init(
        step: step, recipe: RecipeFields.of(recipe), rows: sources.map(\.count), losses: losses),
      output: options.output)
    try watch(.saved(step: step, path: TrainingState.path(output: options.output)))
  }

  private func validate(
    _ step: Int, _ watch: (TrainingProgress) throws(InputError) -> Void
  ) throws(InputError) {
    var results: [(source: String, metrics: ValidationMetrics)] = []
    for (name, source) in validationSources {
      let count = min(recipe.validationLimit, source.count)
      var sum = ValidationResult.empty
      for first in stride(from: 0, to: count, by: recipe.batchSize) {
        let rows = Array(first..<min(count, first + recipe.batchSize))
        let batch = try source.batch(rows: rows, random: nil)
        if batch.shape.count > 0 { sum = sum + (try program.validate(batch)) }
      }
      guard sum.sampleCount > 0 else {
        throw InputError(
          .badData, "no image of the validation data can be read", expected: "one sample or more",
          found: source.skipped.summary ?? "none", in: name, advice: "check the images")
      }
      results.append((name, ValidationMetrics(sum)))
    }
    if !results.isEmpty { try watch(.validation(step: step, results: results)) }
  }

  private func diverged(
    _ step: Int, expected: String, found: String, _ batch: Batch, _ lastSaved: Int?
  ) -> InputError {
    let path = TrainingState.path(output: options.output)
    let state =
      lastSaved.map { "\(path) holds the good state of step \($0)" }
      ?? "no state has been saved yet"
    return InputError(
      .badData, "training diverged at step \(step)", expected: expected, found: found,
      in: "the batch of \(batch.keys.prefix(64).joined(separator: " "))"
        + (batch.keys.count > 64 ? " and \(batch.keys.count - 64) more" : ""),
      advice: "lower optimizer.learning_rate or clip_norm, or look at these samples; \(state)")
  }
}
