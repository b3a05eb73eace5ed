import Compiler

/// What was counted so far while a plan is verified.
struct VerifyTally {
  var features = SignalNoise()
  var logits = SignalNoise()
  /// Per token of the reference's texts.
  var differences: [Double] = []
  /// Over those tokens.
  var own = PredictionTally()
  /// Over the tokens of the texts that the data gives.
  var given = PredictionTally()
  /// Samples whose text is one of the classes, and those of them that each got right.
  var classified = 0
  var rightReferenceClasses = 0
  var rightPlanClasses = 0
  var agreements = 0
  /// Samples with texts in the data, and those of them that each got right.
  var known = 0
  var rightReferences = 0
  var rightCandidates = 0
  private(set) var worst: [VerifyReport.Sample] = []

  /// How many samples are told.
  static let worstCount = 5

  /// Keeps a sample if it is among the worst.
  mutating func add(_ sample: VerifyReport.Sample) {
    guard !sample.agrees || sample.maxDifference > 0 else { return }
    let place = worst.firstIndex { Self.isWorse(sample, than: $0) } ?? worst.count
    worst.insert(sample, at: place)
    worst = Array(worst.prefix(Self.worstCount))
  }

  private static func isWorse(
    _ a: VerifyReport.Sample, than b: VerifyReport.Sample
  ) -> Bool {
    a.agrees == b.agrees ? a.maxDifference > b.maxDifference : !a.agrees
  }

  var difference: VerifyReport.Difference {
    .init(
      mean: differences.reduce(0, +) / Double(max(1, differences.count)),
      max: differences.max() ?? 0)
  }

  /// nil where no sample has a text.
  var exactMatch: VerifyReport.ExactMatch? {
    if known == 0 { return nil }
    return .init(
      samples: known, reference: Double(rightReferences) / Double(known),
      plan: Double(rightCandidates) / Double(known))
  }

  /// nil where the data gives no texts.
  var loss: VerifyReport.Loss? {
    if given.tokens == 0 { return nil }
    return .init(
      tokens: given.tokens, reference: given.rightLoss, plan: given.loss, change: given.lossChange)
  }

  /// nil where no sample is of a class.
  var top1: VerifyReport.Top1? {
    if classified == 0 { return nil }
    return .init(
      samples: classified, reference: Double(rightReferenceClasses) / Double(classified),
      plan: Double(rightPlanClasses) / Double(classified))
  }
}
