package import Captioning
package import Data
package import Diagnostics
import Media
import Tokenizer

/// Captions data with a model, to be scored.
package struct Evaluator {
  private let captioner: Captioner
  private let options: CaptionOptions

  /// - Parameters:
  ///   - captioner: the model.
  ///   - options: how texts are looked for; the question is the data's.
  package init(_ captioner: Captioner, options: CaptionOptions) {
    self.captioner = captioner
    self.options = options
  }

  /// Captions every sample of data, several in one go while the next ones are read.
  ///
  /// - Parameters:
  ///   - data: what to caption.
  ///   - progress: called with the samples done so far.
  /// - Returns: a prediction per sample that can be read, in order, and what was left out.
  /// - Throws: `.usage` for options; the first problem where no sample can be read.
  package func predictions(
    _ data: EvaluationData, progress: (Int) -> Void = { _ in }
  ) throws(InputError) -> (predictions: [Prediction], skipped: SkippedSamples) {
    let reader = captioner.reader
    let inputs = Lookahead<Input>(limit: [InputPixels].usualFrames) { put in
      for sample in data.samples {
        let pixels = Result { () throws(InputError) in try data.pixels(sample, for: reader) }
        if !put(Input(sample: sample, pixels: pixels)) { return }
      }
    }
    defer { inputs.stop() }
    var (predictions, skipped, done): ([Prediction], SkippedSamples, Int) = ([], data.skipped, 0)
    var batch: (samples: [EvaluationData.Sample], pixels: [InputPixels]) = ([], [])
    func finish() throws(InputError) {
      if batch.samples.isEmpty { return }
      let outcomes = try captioner.outcomes(
        batch.pixels, questions: [batch.samples[0].question], options: options)
      for (sample, outcome) in zip(batch.samples, outcomes) {
        do throws(InputError) {
          predictions.append(prediction(sample, try outcome[0].get()))
        } catch { skipped.add(error) }
      }
      done += batch.samples.count
      batch = ([], [])
      progress(done)
    }
    while let input = inputs.next() {
      switch input.pixels {
      case .success(let pixels):
        let fits =
          batch.pixels.takes(pixels, limit: [InputPixels].usualFrames)
          && batch.samples.allSatisfy { $0.question == input.sample.question }
        if !fits { try finish() }
        batch.samples.append(input.sample)
        batch.pixels.append(pixels)
      case .failure(let error):
        try finish()
        if error.kind == .usage { throw error }
        skipped.add(error)
        done += 1
        progress(done)
      }
    }
    try finish()
    if predictions.isEmpty, let problem = skipped.named.first { throw problem }
    return (predictions, skipped)
  }

  private struct Input {
    let sample: EvaluationData.Sample
    let pixels: Result<InputPixels, InputError>
  }

  private func prediction(_ sample: EvaluationData.Sample, _ caption: Caption) -> Prediction {
    let prompt = captioner.prompt(sample.question).count
    let endID = captioner.tokenizer.vocabulary.endID
    // By tokens, so that case, accents and spacing do not count.
    let said = caption.tokens.dropFirst(prompt).filter { $0 != endID }
    return Prediction(
      key: sample.name, question: sample.question, prediction: caption.caption,
      references: sample.references,
      isExact: sample.references.contains { captioner.tokenizer.encode($0) == said })
  }
}
