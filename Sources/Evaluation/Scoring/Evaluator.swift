package import Captioning
package import Data
package import Diagnostics
import Tokenizer

/// Captions data with a model, to be scored.
package struct Evaluator {
  /// Inputs captioned in one go; the weights are read once for all of them.
  private static let batchSize = 8

  private let captioner: Captioner
  private let options: CaptionOptions
  private var predictions: [Prediction] = []
  private var skipped = SkippedSamples()
  private var waiting: [(sample: EvaluationData.Sample, pixels: InputPixels)] = []

  /// - Parameters:
  ///   - captioner: the model.
  ///   - options: how texts are looked for; the question is the data's.
  package init(_ captioner: Captioner, options: CaptionOptions) {
    self.captioner = captioner
    self.options = options
  }

  /// Captions every sample of data.
  ///
  /// - Parameters:
  ///   - data: what to caption.
  ///   - progress: called with the samples done so far.
  /// - Returns: a prediction per sample that can be read, in order, and what was left out.
  /// - Throws: `.usage` for options; the first problem where no sample can be read.
  package mutating func predictions(
    _ data: EvaluationData, progress: (Int) -> Void = { _ in }
  ) throws(InputError) -> (predictions: [Prediction], skipped: SkippedSamples) {
    (predictions, skipped, waiting) = ([], data.skipped, [])
    for (index, sample) in data.samples.enumerated() {
      do throws(InputError) {
        let pixels = try data.pixels(sample, for: captioner)
        if let first = waiting.first,
          first.sample.question != sample.question || first.pixels.frames != pixels.frames
        {
          try flush()
        }
        waiting.append((sample, pixels))
      } catch {
        if error.kind == .usage { throw error }
        skipped.add(error)
      }
      if waiting.count == Self.batchSize { try flush() }
      progress(index + 1)
    }
    try flush()
    if predictions.isEmpty, let problem = skipped.named.first { throw problem }
    return (predictions, skipped)
  }

  private mutating func flush() throws(InputError) {
    guard let first = waiting.first else { return }
    var options = options
    options.question = first.sample.question
    let prompt = captioner.prompt(first.sample.question).count
    let endID = captioner.tokenizer.vocabulary.endID
    let captions = try captioner.captions(waiting.map(\.pixels), options: options)
    for (sample, caption) in zip(waiting.map(\.sample), captions) {
      // By tokens, so that case, accents and spacing do not count.
      let said = caption.tokens.dropFirst(prompt).filter { $0 != endID }
      predictions.append(
        Prediction(
          key: sample.name, question: sample.question, prediction: caption.caption,
          references: sample.references,
          isExact: sample.references.contains { captioner.tokenizer.encode($0) == said }))
    }
    waiting = []
  }
}
