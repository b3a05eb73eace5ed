import Captioning
import Checkpoint
import Compiler
package import Diagnostics
import Formats
import FoundationEssentials
package import Kernels
import Runtime
import Tokenizer

/// Holds a plan against its checkpoint, compiled without quantization.
package struct Verifier {
  private let checkpoint: String
  private let plan: String
  private let reference: Captioner
  private let candidate: Captioner
  private let precision: String

  /// Opens both.
  ///
  /// - Parameters:
  ///   - checkpoint: what the plan was compiled from.
  ///   - plan: what is checked.
  ///   - kernels: both run with these.
  ///   - threads: 1 to 1024.
  /// - Throws: `.noInput`, `.io` or `.badData` where one of them cannot be used, or where they are
  ///   no pair: another image size, vocabulary or number of frames.
  package init(
    checkpoint: String, plan: String, kernels: KernelSet, threads: Int
  ) throws(InputError) {
    self.checkpoint = checkpoint
    self.plan = plan
    let model = try CaptionModel(path: plan)
    let reference = try Self.reference(checkpoint)
    var expected = reference.settings
    expected.precision = model.settings.precision
    guard model.settings == expected else {
      throw InputError(
        .badData, "the plan was not compiled from this checkpoint",
        expected: "its preprocessing, vocabulary and lengths", found: "others", in: plan,
        advice: "compile the checkpoint again")
    }
    precision = model.settings.precision
    self.reference = try Captioner(reference, kernels: kernels, threads: threads)
    candidate = try Captioner(model, kernels: kernels, threads: threads)
  }

  /// The checkpoint as a plan of floats, in a file that is gone when it is no longer used.
  private static func reference(_ path: String) throws(InputError) -> CaptionModel {
    let compiled = try Compiler.compile(
      Checkpoint.read(path: path), precision: .fp32, place: path)
    let manager = FileManager.default
    let file = manager.temporaryDirectory.path + "/gitc-verify-\(UUID().uuidString).plan"
    try compiled.write(to: file)
    // A mapping outlives its file's name. Where that cannot be removed, temporary folders are emptied.
    defer { try? manager.removeItem(atPath: file) }
    return try CaptionModel(path: file)
  }

  /// Captions all of `data` with both.
  ///
  /// - Parameters:
  ///   - data: what to caption.
  ///   - name: what the report calls it.
  ///   - minimumAgreement: the share of equal captions that is enough, 0 to 1.
  ///   - progress: called with the samples done so far.
  /// - Returns: how far they are apart.
  /// - Throws: `InputError` for the first sample that cannot be read.
  package func verify(
    _ data: EvaluationData, name: String, minimumAgreement: Double,
    progress: (Int) -> Void = { _ in }
  ) throws(InputError) -> VerifyReport {
    var tally = VerifyTally()
    for (index, sample) in data.samples.enumerated() {
      let pixels = try data.pixels(sample, for: reference)
      try compare(sample, pixels, &tally)
      progress(index + 1)
    }
    let agreement = Double(tally.agreements) / Double(data.samples.count)
    return VerifyReport(
      checkpoint: checkpoint, plan: plan, data: name, precision: precision,
      samples: data.samples.count, agreement: agreement, minimumAgreement: minimumAgreement,
      passed: agreement >= minimumAgreement,
      logprobDifference: tally.difference,
      sqnrDb: .init(features: tally.features.decibels, logits: tally.logits.decibels),
      exactMatch: tally.exactMatch, worst: tally.worst)
  }

  private func compare(
    _ sample: EvaluationData.Sample, _ pixels: InputPixels, _ tally: inout VerifyTally
  ) throws(InputError) {
    let right = try Observation(reference, pixels, question: sample.question, text: nil)
    let found = try Observation(
      candidate, pixels, question: sample.question, text: right.generation.tokens)
    tally.features.add(right.features, found.features)
    tally.logits.add(right.logits, found.logits)
    let differences = zip(right.logProbs, found.logProbs).map { abs($0 - $1) }
    tally.differences += differences
    let agrees = right.generation.tokens == found.generation.tokens
    tally.agreements += agrees ? 1 : 0
    if !sample.references.isEmpty {
      tally.known += 1
      // By tokens, so that case and spacing do not count.
      let texts = sample.references.map { reference.tokenizer.encode($0) }
      tally.rightReferences += texts.contains(right.said) ? 1 : 0
      tally.rightCandidates += texts.contains(found.said) ? 1 : 0
    }
    tally.add(
      .init(
        input: sample.name, question: sample.question,
        reference: reference.tokenizer.decode(right.said),
        plan: reference.tokenizer.decode(found.said), agrees: agrees,
        maxDifference: differences.max() ?? 0))
  }
}
