import Compiler
import Diagnostics
import Formats
import Graph
import Kernels
import Randomness
import Runtime

/// The compiled training step and validation pass of one model, over one set of parameters.
///
/// The same graph builder, passes, memory planner and executor as inference: autodiff adds the
/// backward nodes, the compiler fuses what it can, and the runtime binds the result for each batch
/// shape it meets.
final class TrainingProgram {
  /// How the step is computed, which does not change what it is.
  struct Options: Sendable, Equatable {
    /// Samples that are worked through at once, a larger batch in parts; nil for all.
    var partSize: Int?
    /// Computes the insides of layers again in the backward pass instead of keeping them.
    var recomputes = false
    /// Takes batches of images of any whole number of patches; of a ViT that captions alone.
    var takesAnySize = false
  }

  let buffers: ParameterBuffers
  private let options: Options
  /// Where parts of batches add up their gradients; nil where no batch has several.
  private let sum: GradientSum?
  /// Pixels per side of a patch of a ViT; 1 for others, whose images have one size.
  private let patchSize: Int
  private let objective: Recipe.Objective
  private let training: PlanFunction
  private let validation: PlanFunction
  private let kernels: KernelSet
  private let threads: Int
  /// Batches of all shapes are trained on and validated in turn, so they share their memory.
  private let memory = SharedArena()
  private var boundTraining: [Batch.Shape: BoundFunction] = [:]
  private var boundValidation: [Batch.Shape: BoundFunction] = [:]

  /// Compiles the step; parameters are zeros until `Initialization` or a checkpoint fills them, and those
  /// that are frozen have no gradients.
  init(
    _ configuration: GITConfiguration, _ objective: Recipe.Objective = .captions, dropout: Float,
    smoothing: Smoothing, options: Options = Options(),
    isFrozen: (String) -> Bool = { _ in false }, kernels: KernelSet, threads: Int
  ) throws(GraphError) {
    self.options = options
    patchSize = if case .vit(let vit) = configuration.vision { vit.patchSize } else { 1 }
    self.objective = objective
    self.kernels = kernels
    self.threads = threads
    let graph = objective.graph(
      configuration, sizes: options.takesAnySize ? .any : .one,
      training: TrainingOptions(dropout: dropout, smoothing: smoothing))
    let frozen = Set(graph.parameters.map(\.name).filter(isFrozen))
    let forward = Compiler.prepareForTraining(graph, outputs: ["loss"])
    let step = try Autodiff.differentiate(forward, loss: "loss", frozen: frozen)
    let compiled = Compiler.compileTraining(
      step, name: "train", frozen: frozen,
      recomputing: options.recomputes ? forward.nodes.count : nil)
    training = compiled.function
    buffers = ParameterBuffers(table: compiled.weights, frozen: frozen)
    sum =
      options.partSize == nil ? nil : GradientSum(buffers, kernels: kernels, threads: threads)
    // Validation reads the same buffers, so its table must be the same: same parameters, in order.
    let plain = objective.graph(
      configuration,
      training: TrainingOptions(dropout: 0, smoothing: Smoothing(form: .uniform, amount: 0)))
    let outputs =
      objective == .captions ? ["loss", "logits"] : ["loss", "image_features", "text_features"]
    let checked = Compiler.compileTraining(
      Compiler.prepareForTraining(plain, outputs: outputs), name: "validate", frozen: frozen)
    precondition(checked.weights == compiled.weights, "one parameter layout for both programs")
    validation = checked.function
  }

  /// Makes ready for batches of these shapes, largest first, so that memory for one serves all.
  ///
  /// Other shapes are made ready when they come.
  ///
  /// - Throws: when there is not memory enough for one of them.
  func prepare(training: [Batch.Shape], validation: [Batch.Shape]) throws(InputError) {
    for shape in training.sorted(by: { $0.size > $1.size }) {
      _ = try bound(shape, self.training, &boundTraining, gradients: true)
    }
    for shape in validation.sorted(by: { $0.size > $1.size }) {
      _ = try bound(shape, self.validation, &boundValidation, gradients: false)
    }
  }

  /// Bytes of the memory that batches share, in turn, so far; parameters, gradients and moments apart.
  var arenaBytes: Int {
    (Array(boundTraining.values) + boundValidation.values).map(\.facts.arenaBytes).max() ?? 0
  }

  /// Runs forward and backward, in parts where the options say so; gradients are in `buffers`
  /// afterwards.
  ///
  /// - Parameters:
  ///   - batch: pixels, tokens and labels of one shape.
  ///   - random: gives the seeds that decide what dropout drops in each part; new ones every step.
  /// - Returns: the loss, a mean over all tokens of the batch that are learnt, whatever the parts.
  /// - Throws: when a batch of this shape needs more memory than there is.
  func step(_ batch: Batch, random: inout SeededRandom) throws(InputError) -> Float {
    guard let sum, let partSize = options.partSize else {
      return try step(batch, seed: Int32(truncatingIfNeeded: random.next()))
    }
    let tokens = Double(max(1, batch.learntTokens))
    var loss = 0.0
    for (index, part) in batch.parts(of: partSize).enumerated() {
      let share = Double(part.learntTokens) / tokens
      loss += share * Double(try step(part, seed: Int32(truncatingIfNeeded: random.next())))
      sum.add(Float(share), starts: index == 0)
    }
    return Float(loss)
  }

  /// Runs forward and backward of what is worked through at once; its gradients are in the sum's part
  /// where there is one, else in `buffers`.
  func step(_ batch: Batch, seed: Int32) throws(InputError) -> Float {
    let bound = try bound(batch.shape, training, &boundTraining, gradients: true)
    fill(bound, batch, seed: seed)
    bound.run()
    return bound.output("loss").load(as: Float.self)
  }

  /// Sets the temperature of two towers back into its bounds, where an update led out of them.
  ///
  /// - Source: Radford et al. 2021, section 2.5.
  func limitTemperature() {
    for weight in buffers.table where weight.name == TwoTowers.logitScale {
      let value = buffers.slice(buffers.values, weight)
      value[0] = min(value[0], TwoTowers.maximumLogitScale)
    }
  }

  /// Loss without smoothing or dropout, and what is predicted right.
  func validate(_ batch: Batch) throws(InputError) -> ValidationResult {
    let bound = try bound(batch.shape, validation, &boundValidation, gradients: false)
    fill(bound, batch, seed: 0)
    bound.run()
    func floats(_ name: String) -> UnsafeBufferPointer<Float> {
      UnsafeBufferPointer(bound.output(name).bindMemory(to: Float.self))
    }
    let loss = floats("loss")[0]
    switch batch.goal {
    case .next(let labels):
      return .prediction(
        PredictionResult(
          loss: loss, logits: floats("logits"), labels: labels, shape: batch.shape))
    case .match(let texts, _):
      return .retrieval(
        RetrievalResult(
          loss: loss, images: Array(floats("image_features")),
          texts: Array(floats("text_features")), ids: texts))
    }
  }

  /// The function bound for a batch of this shape, once.
  private func bound(
    _ shape: Batch.Shape, _ function: PlanFunction, _ known: inout [Batch.Shape: BoundFunction],
    gradients: Bool
  ) throws(InputError) -> BoundFunction {
    if let bound = known[shape] { return bound }
    var external: [String: UnsafeMutableRawPointer] = [:]
    if gradients {
      for weight in buffers.learnt {
        external["gradient.\(weight.name)"] = UnsafeMutableRawPointer(
          buffers.slice(sum?.part ?? buffers.gradients, weight).baseAddress)
      }
    }
    let bound = try BoundFunction(
      function,
      weights: WeightMemory(table: buffers.table, base: UnsafeRawPointer(buffers.values)),
      symbols: [
        "B": shape.count, "F": shape.frames, "T": shape.tokens,
        "H": (shape.side ?? 0) / patchSize, "W": (shape.side ?? 0) / patchSize,
      ], kernels: kernels, threads: threads, external: external, sharing: memory)
    known[shape] = bound
    return bound
  }

  private func fill(_ bound: BoundFunction, _ batch: Batch, seed: Int32) {
    func copy<Element>(_ values: [Element], to name: String) {
      values.withUnsafeBytes { bound.input(name).copyMemory(from: $0) }
    }
    copy(batch.pixels, to: "pixels")
    copy(batch.tokens, to: "tokens")
    switch (batch.goal, objective) {
    case (.next(let labels), .captions): copy(labels, to: "labels")
    case (.match(let texts, let ends), .contrastive(let contrastive)):
      copy(ends, to: "ends")
      copy((0..<Int32(batch.shape.count)).map { $0 }, to: "labels")
      copy(contrastive.corrections(texts), to: "corrections")
    default: preconditionFailure("a batch is made for the objective it trains")
    }
    copy([seed], to: "seed")
  }
}

extension Recipe {
  /// What a step learns from: samples, all parts together.
  package var samplesPerStep: Int { batchSize * accumulate }

  /// How its step is computed.
  var stepOptions: TrainingProgram.Options {
    .init(
      partSize: accumulate > 1 ? batchSize : nil, recomputes: recompute,
      takesAnySize: !imageSizes.isEmpty)
  }
}
