import Captioning
package import Checkpoint
package import Compiler
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
    /// "u7", "u8" or "f32": the activations it multiplies.
    package var precision: String
  }

  package var data: String
  package var samples: Int
  /// The most that the mean KL divergence from the float model may be, in nats per token.
  package var budget: Double
  /// That divergence when all projections have 7-bit activations, and as chosen.
  package var divergenceOfAll: Double
  package var divergence: Double
  /// The noisiest first.
  package var projections: [Projection]
  /// What to compile with.
  private let exceptions: [String: ProjectionPrecision]

  private enum CodingKeys: CodingKey {
    case data, samples, budget, divergenceOfAll, divergence, projections
  }

  /// The most samples that are measured on: errors of products settle after a few hundred rows.
  private static let sampleLimit = 32

  /// Calibrates on the first samples of data.
  ///
  /// - Parameters:
  ///   - checkpoint: what is to be compiled.
  ///   - path: its path, for errors.
  ///   - data: as DATA of the command line; texts are the data's, or what the model says.
  ///   - budget: the most divergence.
  ///   - kernels: what measures.
  ///   - threads: 1 to 1024.
  /// - Throws: `InputError` where the data cannot be read or the checkpoint not compiled.
  package init(
    _ checkpoint: Checkpoint, path: String, data: String, budget: Double, kernels: KernelSet,
    threads: Int
  ) throws(InputError) {
    let source = try EvaluationData(path: data, limit: Self.sampleLimit)
    let plan = try Compiler.compile(checkpoint, precision: .int8, place: path)
    let captioner = try Captioner(
      CaptionModel(plan.loaded(place: path)), kernels: kernels, threads: threads)
    var samples: [CalibrationSample] = []
    for sample in source.samples {
      samples.append(try CalibrationSample(source, sample, captioner))
    }
    let calibrator = try Calibrator(
      checkpoint, samples: samples, kernels: kernels, threads: threads, place: path)
    let result = try calibrator.precisions(budget: budget)

    self.data = data
    self.samples = samples.count
    self.budget = budget
    divergenceOfAll = result.divergenceOfAll
    divergence = result.divergence
    exceptions = result.exceptions
    projections = result.projections.map { projection in
      func decibels(_ precision: ProjectionPrecision) -> Double? {
        projection.errors[precision].flatMap { SignalNoise.decibels(signal: 1, noise: $0) }
      }
      return Projection(
        weight: projection.weight, sqnrDb7: decibels(.u7), sqnrDb8: decibels(.u8),
        precision: projection.precision.rawValue)
    }
  }

  /// Compiles with the precisions chosen.
  ///
  /// - Throws: as ``Compiler/compile(_:precision:place:exceptions:watch:)``.
  package func compile(
    _ checkpoint: Checkpoint, place: String, watch: @escaping PassDriver.Watch
  ) throws(InputError) -> CompiledPlan {
    try Compiler.compile(
      checkpoint, precision: .int8, place: place, exceptions: exceptions, watch: watch)
  }

  /// For people: the divergence, then the projections that changed and the noisiest that did not.
  package var text: String {
    var table = TextTable()
    func decibels(_ value: Double?) -> String { value.map { rounded($0, 1) } ?? "exact" }
    let changed = projections.filter { $0.precision != ProjectionPrecision.u7.rawValue }
    let kept = projections.filter { $0.precision == ProjectionPrecision.u7.rawValue }
    table.add("projection", "7 bits", "8 bits", "computes")
    for projection in changed + kept.prefix(3) {
      table.add(
        projection.weight, decibels(projection.sqnrDb7), decibels(projection.sqnrDb8),
        projection.precision)
    }
    return """
      calibrated on \(samples) samples of \(data): \(rounded(divergenceOfAll, 5)) nats per token \
      from the floats with 7 bits everywhere, \(rounded(divergence, 5)) as chosen, \
      \(rounded(budget, 5)) allowed; \(changed.count) of \(projections.count) projections changed
      \(table.text)
      """
  }
}

extension CalibrationSample {
  /// A sample of data with its first text, or with what the model says.
  fileprivate init(
    _ data: EvaluationData, _ sample: EvaluationData.Sample, _ captioner: Captioner
  ) throws(InputError) {
    let pixels = try data.pixels(sample, for: captioner)
    let prompt = captioner.prompt(sample.question)
    let tokens: [Int]
    if let reference = sample.references.first {
      tokens = prompt + captioner.tokenizer.encode(reference)
    } else {
      let options = CaptionOptions(question: sample.question)
      tokens = try captioner.captions([pixels], options: options)[0].tokens
    }
    let length = captioner.session.model.settings.maximumTextLength
    self.init(
      pixels: pixels.values, frames: pixels.frames, tokens: tokens.prefix(length).map { Int32($0) })
  }
}
