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
  private let sources: [SampleSource]
  private let validationSources: [(path: String, source: SampleSource)]
  private let program: TrainingProgram
  private let optimizer: AdamW
  private let state: TrainingState
  private let firstStep: Int

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
      try TSVDataset(source.path)
    }
    let vocabulary = try Self.vocabulary(recipe, initial, datasets)
    var configuration = recipe.configuration
    configuration.text.vocabularySize = vocabulary.count
    let preprocessing = Preprocessing(imageSize: configuration.vision.imageSize)
    let tokenizer = WordPieceTokenizer(vocabulary: vocabulary)

    func open(
      _ dataset: TSVDataset, _ path: String, _ augmentation: Recipe.Augmentation
    ) throws(InputError) -> SampleSource {
      try SampleSource(
        dataset, tokenizer: tokenizer, maximumTextLength: configuration.text.maximumTextLength,
        maximumFrames: configuration.frames, preprocessing: preprocessing,
        augmentation: augmentation, place: path)
    }
    var sources: [SampleSource] = []
    for (dataset, source) in zip(datasets, recipe.train) {
      sources.append(try open(dataset, source.path, recipe.augmentation))
    }
    self.sources = sources
    validationSources = try recipe.validation.map { source throws(InputError) in
      (
        source.path,
        try open(TSVDataset(source.path), source.path, .none)
      )
    }

    do {
      program = try TrainingProgram(
        configuration, dropout: recipe.dropout, smoothing: recipe.smoothing,
        kernels: options.kernels, threads: options.threads)
    } catch {
      preconditionFailure("a valid configuration compiles: \(error)")
    }
    try program.prepare(
      training: sources.map { $0.shape(recipe.batchSize) },
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
      guard progress.seed == recipe.seed else {
        throw InputError(
          .usage, "recipe is not the one that was interrupted", expected: "seed \(progress.seed)",
          found: "seed \(recipe.seed)", in: TrainingState.path(output: options.output),
          advice: "resume with the same recipe")
      }
      guard progress.step < recipe.steps else {
        throw InputError(
          .usage, "recipe ends before the step the run came to",
          expected: "more than \(progress.step) steps", found: "\(recipe.steps)",
          in: TrainingState.path(output: options.output), advice: "set steps higher")
      }
      firstStep = progress.step + 1
    } else {
      if let initial, let path = options.initial { try state.load(initial, place: path) }
      firstStep = 1
    }
  }

  private static func vocabulary(
    _ recipe: Recipe, _ initial: Checkpoint?, _ datasets: [TSVDataset]
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
  /// - Throws: what `watch` throws; bad samples; a loss that is not finite, naming step and keys, with
  ///   the last saved state left as it is.
  package func run(
    _ watch: (TrainingProgress) throws(InputError) -> Void
  ) throws(InputError) -> Outcome {
    Interruption.watch()
    let loader = BatchLoader(
      sources: sources,
      schedule: BatchSchedule(
        counts: sources.map(\.dataset.count), weights: recipe.train.map(\.weight),
        batchSize: recipe.batchSize, seed: recipe.seed, shuffle: recipe.shuffle, step: firstStep),
      seed: recipe.seed)
    var speed = SpeedMeter()
    for step in firstStep..<(recipe.steps + 1) {
      let batch = try loader.next()
      var dropout = SeededRandom(recipe.seed, 3, UInt64(step))
      let loss = try program.step(batch, seed: Int32(truncatingIfNeeded: dropout.next()))
      let norm = optimizer.gradientNorm()
      guard loss.isFinite, norm.isFinite else { throw diverged(step, loss, norm, batch) }
      let rate = recipe.optimizer.rate(step: step, of: recipe.steps)
      optimizer.update(step: step, rate: rate, norm: norm)
      let samplesPerSecond = speed.add(samples: batch.shape.count)
      try watch(
        .step(
          TrainingStep(
            step: step, steps: recipe.steps, loss: loss, learningRate: rate, gradientNorm: norm,
            samplesPerSecond: samplesPerSecond,
            secondsLeft: Double((recipe.steps - step) * recipe.batchSize) / samplesPerSecond)))
      let isLast = step == recipe.steps
      if Interruption.isRequested && !isLast {
        try save(step, watch)
        return .interrupted(step: step)
      }
      if step % recipe.validationInterval == 0 || isLast {
        try validate(step, watch)
        if !isLast { try save(step, watch) }
        speed.pause()
      }
    }
    try state.writeModel(to: options.output)
    try watch(.saved(step: recipe.steps, path: options.output))
    TrainingState.remove(output: options.output)
    return .finished
  }

  private func save(
    _ step: Int, _ watch: (TrainingProgress) throws(InputError) -> Void
  ) throws(InputError) {
    try state.writeState(.init(step: step, seed: recipe.seed), output: options.output)
    try watch(.saved(step: step, path: TrainingState.path(output: options.output)))
  }

  private func validate(
    _ step: Int, _ watch: (TrainingProgress) throws(InputError) -> Void
  ) throws(InputError) {
    var results: [(source: String, metrics: ValidationMetrics)] = []
    for (path, source) in validationSources {
      let count = min(recipe.validationLimit, source.dataset.count)
      var sum = ValidationResult.empty
      for first in stride(from: 0, to: count, by: recipe.batchSize) {
        let rows = Array(first..<min(count, first + recipe.batchSize))
        sum = sum + (try program.validate(try source.batch(rows: rows, random: nil)))
      }
      results.append((path, ValidationMetrics(sum)))
    }
    if !results.isEmpty { try watch(.validation(step: step, results: results)) }
  }

  private func diverged(_ step: Int, _ loss: Float, _ norm: Float, _ batch: Batch) -> InputError {
    InputError(
      .badData, "training diverged at step \(step)", expected: "a finite loss and gradient",
      found: "loss \(loss), gradient norm \(norm)",
      in: "batch of \(batch.keys.prefix(8).joined(separator: " "))…",
      advice: "lower optimizer.learning_rate or clip_norm; "
        + "\(TrainingState.path(output: options.output)) holds the last saved state, if any")
  }
}
