package import Captioning
package import Data
package import Diagnostics
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

  /// Captions every sample of data.
  ///
  /// - Parameters:
  ///   - data: what to caption.
  ///   - progress: called with the samples done so far.
  /// - Returns: a prediction per sample that can be read, in order, and what was left out.
  /// - Throws: `.usage` for options; the first problem where no sample can be read.
  package func predictions(
    _ data: EvaluationData, progress: (Int) -> Void = { _ in }
  ) throws(InputError) -> (predictions: [Prediction], skipped: SkippedSamples) {
    var (predictions, skipped): ([Prediction], SkippedSamples) = ([], data.skipped)
    for (index, sample) in data.samples.enumerated() {
      do throws(InputError) {
        predictions.append(try prediction(sample, data.pixels(sample, for: captioner)))
      } catch {
        if error.kind == .usage { throw error }
        skipped.add(error)
      }
      progress(index + 1)
    }
    if predictions.isEmpty, let problem = skipped.named.first { throw problem }
    return (predictions, skipped)
  }

  private func prediction(
    _ sample: EvaluationData.Sample, _ pixels: InputPixels
  ) throws(InputError) -> Prediction {
    var options = options
    options.question = sample.question
    let prompt = captioner.prompt(sample.question).count
    let endID = captioner.tokenizer.vocabulary.endID
    let caption = try captioner.captions([pixels], options: options)[0]
    // By tokens, so that case, accents and spacing do not count.
    let said = caption.tokens.dropFirst(prompt).filter { $0 != endID }
    return Prediction(
      key: sample.name, question: sample.question, prediction: caption.caption,
      references: sample.references,
      isExact: sample.references.contains { captioner.tokenizer.encode($0) == said })
  }
}
