import Captioning
package import Checkpoint
package import Compiler
package import Data
package import Diagnostics
import Formats
package import Kernels
import Runtime
import Tokenizer

/// What `gitc compile --calibrate` measured and chose.
package struct CalibrationReport: Encodable, Sendable {
  /// What one projection costs and computes with.
  package struct Projection: Encodable, Sendable {
    package var weight: String
    /// Signal to quantization noise of its products in decibels, with 7-bit and with 8-bit
    /// activations; nil where there is no noise.
    package var sqnrDb7: Double?
    package var sqnrDb8: Double?
    /// KL divergence of the predictions when this projection alone has 7-bit activations, in nats per
    /// token; nil where the budget held without knowing.
    package var effect: Double?
    /// "u7", "u8" or "f32": the activations it multiplies.
    package var precision: String
    /// Milliseconds for one image and a caption of 16 tokens on this machine, in floats and as chosen.
    package var floatMilliseconds: Double?
    package var milliseconds: Double?
  }

  /// How far an int8 model is from the float model.
  package struct Distance: Encodable, Sendable {
    /// Nats per token of the samples' texts.
    package var loss: Double
    /// By how much of itself the float model's loss changes to become that.
    package var lossChange: Double
    /// How much of that may be chance: two standard errors.
    package var uncertainty: Double
    /// Mean KL divergence of the predictions, in nats per token.
    package var divergence: Double
    /// What is held against the budget: the larger of |lossChange| beyond its uncertainty and
    /// divergence / loss.
    package var cost: Double

    fileprivate init(_ distance: Calibrator.Distance) {
      loss = distance.loss
      lossChange = distance.lossChange
      uncertainty = distance.uncertainty
      divergence = distance.divergence
      cost = distance.cost
    }
  }

  package var data: String
  package var samples: Int
  /// The most that the loss may change, as a share of itself.
  package var budget: Double
  /// The float model's loss on the samples, in nats per token.
  package var floatLoss: Double
  /// When all projections have 7-bit activations, and as chosen.
  package var sevenBits: Distance
  package var chosen: Distance
  /// The norms whose channels were evened out, by the names of their gammas.
  package var smoothedNorms: [String]
  /// Whether all weights are as fine as sums of two blocks of products in 16 bits allow, so that the
  /// budget holds: the first thing that is changed.
  package var shortSums: Bool
  /// Whether attention multiplies floats.
  package var floatAttention: Bool
  /// Divergence with 7 bits everywhere without and with corrected biases; the smaller was chosen.
  package var uncorrectedDivergence: Double
  package var correctedDivergence: Double
  /// The noisiest first.
  package var projections: [Projection]
  /// What to compile with.
  private let options: QuantizationOptions

  private enum CodingKeys: CodingKey {
    case data, samples, budget, floatLoss, sevenBits, chosen, smoothedNorms, shortSums
    case floatAttention
    case uncorrectedDivergence, correctedDivergence, projections
  }

  /// The most samples that are measured on: errors of products settle after a few hundred rows.
  private static let sampleLimit = 128

  /// Calibrates on the first samples of data.
  ///
  /// - Parameters:
  ///   - checkpoint: what is to be compiled.
  ///   - path: its path, for errors.
  ///   - data: as DATA of the command line; texts are the data's, or what the model says.
  ///   - budget: the most change of the loss, as a share of itself.
  ///   - kernels: what measures.
  ///   - threads: 1 to 1024.
  /// - Throws: `InputError` where the data cannot be read or the checkpoint not compiled.
  package init(
    _ checkpoint: Checkpoint, path: String, data: DatasetLocation, budget: Double,
    kernels: KernelSet, threads: Int
  ) throws(InputError) {
    let source = try EvaluationData(data, limit: Self.sampleLimit)
    let plan = try Compiler.compile(
      checkpoint, precision: .int8, place: path, threads: threads)
    let captioner = try Captioner(
      CaptionModel(plan.loaded(place: path)), kernels: kernels, threads: threads)
    var samples: [CalibrationSample] = []
    for sample in source.samples {
      samples.append(try CalibrationSample(source, sample, captioner))
    }
    let calibrator = try Calibrator(
      checkpoint, samples: samples, kernels: kernels, threads: threads, place: path)
    let result = try calibrator.precisions(budget: budget)

    self.data = data.path
    self.samples = samples.count
    self.budget = budget
    floatLoss = result.floatLoss
    sevenBits = Distance(result.distanceOfAll)
    chosen = Distance(result.distance)
    options = result.options
    smoothedNorms = result.options.smoothing.keys.sorted()
    shortSums = result.options.groups != .chosen
    floatAttention = result.options.attention == .fp32
    uncorrectedDivergence = result.uncorrectedDivergence
    correctedDivergence = result.correctedDivergence
    projections = result.projections.map { projection in
      func decibels(_ precision: ProjectionPrecision) -> Double? {
        projection.errors[precision].flatMap { SignalNoise.decibels(signal: 1, noise: $0) }
      }
      return Projection(
        weight: ParameterStore.floatName(projection.weight), sqnrDb7: decibels(.u7),
        sqnrDb8: decibels(.u8), effect: projection.effect,
        precision: projection.precision.rawValue,
        floatMilliseconds: projection.milliseconds[.f32],
        milliseconds: projection.milliseconds[projection.precision])
    }
  }

  /// Compiles with the precisions chosen, which were measured with 8-bit weights.
  ///
  /// - Throws: as ``Compiler/compile(_:precision:place:quantization:threads:watch:)``.
  package func compile(
    _ checkpoint: Checkpoint, stepWeights: StepWeights, place: String, threads: Int,
    watch: @escaping PassDriver.Watch
  ) throws(InputError) -> CompiledPlan {
    var options = options
    options.stepWeights = stepWeights
    return try Compiler.compile(
      checkpoint, precision: .int8, place: place, quantization: options, threads: threads,
      watch: watch)
  }

  /// For people: the loss, then what each projection costs and saves.
  package var text: String {
    var table = TextTable()
    func decibels(_ value: Double?) -> String { value.map { rounded($0, 1) } ?? "exact" }
    func time(_ value: Double?) -> String { value.map { rounded($0, 3) } ?? "" }
    table.add(
      "projection", "dB, 7 bits", "dB, 8 bits", "nats · 1e6", "computes", "ms, f32", "ms, chosen")
    for projection in projections {
      table.add(
        projection.weight, decibels(projection.sqnrDb7), decibels(projection.sqnrDb8),
        projection.effect.map { rounded(1e6 * $0, 2) } ?? "", projection.precision,
        time(projection.floatMilliseconds), time(projection.milliseconds))
    }
    let float = projections.reduce(0) { $0 + ($1.floatMilliseconds ?? 0) }
    let now = projections.reduce(0) { $0 + ($1.milliseconds ?? 0) }
    table.add("all", "", "", "", "", time(float), time(now))
    let changed = projections.count { $0.precision != ProjectionPrecision.u7.rawValue }
    func percent(_ share: Double) -> String { rounded(100 * share, 3) + " %" }
    return """
      calibrated on \(samples) samples of \(data): loss \(rounded(floatLoss, 5)) in floats, \
      \(percent(sevenBits.lossChange)) more with 7 bits everywhere, \(percent(chosen.lossChange)) \
      as chosen; divergence \(rounded(sevenBits.divergence, 6)) and \(rounded(chosen.divergence, 6)) \
      nats per token; cost \(percent(chosen.cost)) of \(percent(budget)) allowed; \(changed) of \
      \(projections.count) projections changed, sums \(shortSums ? "of two blocks" : "as weights allow"), \
      attention \(floatAttention ? "in floats" : "int8"), \
      \(smoothedNorms.count) norms smoothed, biases \
      \(correctedDivergence < uncorrectedDivergence ? "corrected" : "as they were") \
      (\(rounded(uncorrectedDivergence, 6)) without correction, \(rounded(correctedDivergence, 6)) with)
      \(table.text)
      """
  }
}

extension CalibrationSample {
  /// A sample of data with its first text, or with what the model says.
  fileprivate init(
    _ data: EvaluationData, _ sample: EvaluationData.Sample, _ captioner: Captioner
  ) throws(InputError) {
    let pixels = try data.pixels(sample, for: captioner.reader)
    let prompt = captioner.prompt(sample.question)
    let tokens: [Int]
    if let reference = sample.references.first {
      tokens =
        prompt + captioner.tokenizer.encode(reference) + [captioner.tokenizer.vocabulary.endID]
    } else {
      let options = CaptionOptions(question: sample.question)
      tokens = try captioner.caption(of: captioner.encode(pixels), options: options).tokens
    }
    let length = captioner.session.model.settings.maximumTextLength
    let preprocessing = captioner.session.model.settings.preprocessing
    self.init(
      pixels: pixels.values.normalised(preprocessing, frames: pixels.frames), size: pixels.size,
      frames: pixels.frames,
      tokens: tokens.prefix(length).map { Int32($0) }, promptLength: prompt.count)
  }
}
