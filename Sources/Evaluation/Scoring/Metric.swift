import Metrics

/// A measure of predictions.
package enum Metric: String, CaseIterable, Sendable, CodingKeyRepresentable, Encodable {
  case bleu1 = "bleu_1"
  case bleu2 = "bleu_2"
  case bleu3 = "bleu_3"
  case bleu4 = "bleu_4"
  case rougeL = "rouge_l"
  case cider
  case ciderD = "cider_d"
  case vqaAccuracy = "vqa_accuracy"
  case exactMatch = "exact_match"
  case top1 = "top_1"

  /// What people call it.
  var title: String {
    switch self {
    case .bleu1: "BLEU-1"
    case .bleu2: "BLEU-2"
    case .bleu3: "BLEU-3"
    case .bleu4: "BLEU-4"
    case .rougeL: "ROUGE-L"
    case .cider: "CIDEr"
    case .ciderD: "CIDEr-D"
    case .vqaAccuracy: "VQA accuracy"
    case .exactMatch: "exact match"
    case .top1: "top-1"
    }
  }

  /// Whatever applies to predictions.
  ///
  /// BLEU, ROUGE-L and CIDEr count captions, VQA accuracy answers, exact match both, top-1 classes;
  /// only predictions that have references count.
  ///
  /// - Parameters:
  ///   - predictions: any number.
  ///   - hasClasses: whether the references are names of classes.
  /// - Returns: shares in 0...1, CIDEr in 0...10 over 10 as pycocoevalcap has it; nothing where no
  ///   prediction has a reference. Also CIDEr-D of each caption, by its place.
  static func values(
    _ predictions: [Prediction], hasClasses: Bool
  ) -> (metrics: [Metric: Double], cider: [Int: Double]) {
    let known = predictions.indices.filter { !predictions[$0].references.isEmpty }
    guard !known.isEmpty else { return ([:], [:]) }
    let right = Double(known.count { predictions[$0].isExact }) / Double(known.count)
    var metrics: [Metric: Double] = [.exactMatch: right]
    if hasClasses { metrics[.top1] = right }

    let captions = known.filter { predictions[$0].question == nil }
    var each: [Int: Double] = [:]
    if !captions.isEmpty {
      var tokenizer = PTBTokenizer()
      let texts = captions.map { index in
        ReferencedText(
          candidate: tokenizer.tokens(predictions[index].prediction),
          references: predictions[index].references.map { tokenizer.tokens($0) })
      }
      for (metric, value) in zip([Metric.bleu1, .bleu2, .bleu3, .bleu4], BLEU.scores(texts)) {
        metrics[metric] = value
      }
      metrics[.rougeL] = mean(ROUGE.scores(texts))
      metrics[.cider] = mean(CIDEr.scores(texts, form: .plain))
      let clipped = CIDEr.scores(texts, form: .clipped)
      metrics[.ciderD] = mean(clipped)
      each = Dictionary(uniqueKeysWithValues: zip(captions, clipped))
    }
    let answers = known.filter { predictions[$0].question != nil }
    if !answers.isEmpty {
      metrics[.vqaAccuracy] = mean(
        answers.map { VQAAccuracy.score(predictions[$0].prediction, predictions[$0].references) })
    }
    return (metrics, each)
  }

  private static func mean(_ values: [Double]) -> Double {
    values.reduce(0, +) / Double(values.count)
  }
}
