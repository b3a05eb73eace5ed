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
  private let machine: CalibrationRun.Machine

  /// Projections are compared on the first samples: their noise settles after a few hundred rows.
  private static let comparedSamples = 8

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
    let reference = try CaptionModel.floats(of: checkpoint)
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
    machine = CalibrationRun.Machine(kernels: kernels, threads: threads)
  }

  /// Captions all of `data` with both.
  ///
  /// - Parameters:
  ///   - data: what to caption.
  ///   - name: what the report calls it.
  ///   - thresholds: what is enough.
  ///   - classes: texts to choose from, for samples whose text is one of them.
  ///   - progress: called with the samples done so far.
  /// - Returns: how far they are apart.
  /// - Throws: `InputError` for the first sample that cannot be read.
  package func verify(
    _ data: EvaluationData, name: String, thresholds: VerifyThresholds, classes: [String] = [],
    progress: (Int) -> Void = { _ in }
  ) throws(InputError) -> VerifyReport {
    var tally = VerifyTally()
    var projections = ProjectionComparison(
      reference: reference.session.model.loaded, candidate: candidate.session.model.loaded,
      on: machine)
    let classTokens = classes.map { text($0) }
    for (index, sample) in data.samples.enumerated() {
      let pixels = try data.pixels(sample, for: reference.reader)
      let said = try compare(sample, pixels, classTokens, &tally)
      if index < Self.comparedSamples { try projections.add(said) }
      progress(index + 1)
    }
    let agreement = Double(tally.agreements) / Double(data.samples.count)
    var report = VerifyReport(
      checkpoint: checkpoint, plan: plan, data: name, precision: precision,
      samples: data.samples.count, agreement: agreement, thresholds: thresholds, failures: [],
      passed: true,
      logprobDifference: tally.difference,
      divergence: .init(mean: tally.own.divergence, max: tally.own.maximumDivergence),
      loss: tally.loss, top1: tally.top1,
      sqnrDb: .init(features: tally.features.decibels, logits: tally.logits.decibels),
      exactMatch: tally.exactMatch, projections: projections.report, worst: tally.worst)
    report.failures = thresholds.failures(report)
    report.passed = report.failures.isEmpty
    return report
  }

  /// A text of the data as the model predicts it, the end included.
  private func text(_ text: String) -> [Int] {
    reference.tokenizer.encode(text) + [reference.tokenizer.vocabulary.endID]
  }

  /// Counts one sample, and gives it with what the reference says of it.
  private func compare(
    _ sample: EvaluationData.Sample, _ pixels: InputPixels, _ classes: [[Int]],
    _ tally: inout VerifyTally
  ) throws(InputError) -> CalibrationSample {
    let prompt = reference.prompt(sample.question)
    let room = reference.session.model.settings.maximumTextLength - prompt.count
    let references = sample.references.map { Array(text($0).prefix(room)) }
    let classes = classes.map { Array($0.prefix(room)) }
    // A text is of a class when it is that class and nothing else.
    let rightClass = references.lazy.compactMap { classes.firstIndex(of: $0) }.first
    var questions = Observation.Questions(
      references: references, classes: rightClass == nil ? [] : classes)
    let right = try Observation(reference, pixels, prompt: prompt, questions)
    let said = Array(right.generation.tokens.dropFirst(prompt.count))
    questions.text = said
    let found = try Observation(candidate, pixels, prompt: prompt, questions)

    // A plan of merged tokens has fewer.
    if right.features.count == found.features.count {
      tally.features.add(right.features, found.features)
    }
    tally.logits.add(right.logits, found.logits)
    tally.own.add(right.logits, found.logits, labels: said.map { Int32($0) })
    for (index, text) in references.enumerated() {
      tally.given.add(
        right.referenceLogits[index], found.referenceLogits[index], labels: text.map { Int32($0) })
    }
    if let rightClass {
      tally.classified += 1
      tally.rightReferenceClasses += right.bestClass == rightClass ? 1 : 0
      tally.rightPlanClasses += found.bestClass == rightClass ? 1 : 0
    }
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
    let preprocessing = reference.session.model.settings.preprocessing
    return CalibrationSample(
      pixels: pixels.values.normalised(preprocessing, frames: pixels.frames), size: pixels.size,
      frames: pixels.frames,
      tokens: right.generation.tokens.map { Int32($0) }, promptLength: prompt.count)
  }
}
