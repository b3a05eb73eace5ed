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
    /// Takes batches of images of any whole number of patches; of a ViT alone.
    var takesAnySize = false
  }

  let buffers: ParameterBuffers
  private let options: Options
  /// Where parts of batches add up their gradients; nil where no batch has several.
  private let sum: GradientSum?
  /// Pixels per side of a patch of a ViT; 1 for others, whose images have one size.
  private let patchSize: Int
  private let training: PlanFunction
  private let validation: PlanFunction
  private let kernels: KernelSet
  private let threads: Int
  /// Batches of all shapes are trained on and validated in turn, so they share their memory.
  private let memory = SharedArena()
  private var boundTraining: [Batch.Shape: BoundFunction] = [:]
  private var boundValidation: [Batch.Shape: BoundFunction] = [:]

  /// Compiles the step; parameters are zeros until `Initialization` or a checkpoint fills them.
  init(
    _ configuration: GITConfiguration, dropout: Float, smoothing: Smoothing,
    options: Options = Options(), kernels: KernelSet, threads: Int
  ) throws(GraphError) {
    self.options = options
    self.kernels = kernels
    self.threads = threads
    patchSize = if case .vit(let vit) = configuration.vision { vit.patchSize } else { 1 }
    let graph = GIT.logits(
      configuration, sizes: options.takesAnySize ? .any : .one,
      training: TrainingOptions(dropout: dropout, smoothing: smoothing))
    let forward = Compiler.prepareForTraining(graph, outputs: ["loss"])
    let step = try Autodiff.differentiate(forward, loss: "loss")
    let compiled = Compiler.compileTraining(
      step, name: "train", recomputing: options.recomputes ? forward.nodes.count : nil)
    training = compiled.function
    buffers = ParameterBuffers(table: compiled.weights)
    sum =
      options.partSize == nil ? nil : GradientSum(buffers, kernels: kernels, threads: threads)
    // Validation reads the same buffers, so its table must be the same: same parameters, in order.
    let plain = GIT.logits(
      configuration,
      training: TrainingOptions(dropout: 0, smoothing: Smoothing(form: .uniform, amount: 0)))
    let checked = Compiler.compileTraining(
      Compiler.prepareForTraining(plain, outputs: ["loss", "logits"]), name: "validate")
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

  /// Loss without smoothing or dropout, and how many samples are predicted without a mistake.
  func validate(_ batch: Batch) throws(InputError) -> ValidationResult {
    let bound = try bound(batch.shape, validation, &boundValidation, gradients: false)
    fill(bound, batch, seed: 0)
    bound.run()
    return ValidationResult(
      loss: bound.output("loss").load(as: Float.self),
      logits: UnsafeBufferPointer(bound.output("logits").bindMemory(to: Float.self)),
      labels: batch.labels, shape: batch.shape)
  }

  /// The function bound for a batch of this shape, once.
  private func bound(
    _ shape: Batch.Shape, _ function: PlanFunction, _ known: inout [Batch.Shape: BoundFunction],
    gradients: Bool
  ) throws(InputError) -> BoundFunction {
    if let bound = known[shape] { return bound }
    var external: [String: UnsafeMutableRawPointer] = [:]
    if gradients {
      for weight in buffers.table {
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
    copy(batch.labels, to: "labels")
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
