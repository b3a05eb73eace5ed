/// What a plan has to keep for `gitc verify` to pass.
package struct VerifyThresholds: Encodable, Sendable, Equatable {
  /// The share of captions that have to agree, 0 to 1.
  package var minimumAgreement: Double
  /// The most that the loss on the data's texts may change, as a share of itself.
  package var maximumLossChange: Double?
  /// The most that the share of right classes may fall.
  package var maximumTop1Drop: Double?
  /// The least signal to noise ratio of the decoder's scores, in decibels.
  package var minimumLogitsDb: Double?

  /// Thresholds; those that are nil are not checked.
  package init(
    minimumAgreement: Double, maximumLossChange: Double? = nil, maximumTop1Drop: Double? = nil,
    minimumLogitsDb: Double? = nil
  ) {
    self.minimumAgreement = minimumAgreement
    self.maximumLossChange = maximumLossChange
    self.maximumTop1Drop = maximumTop1Drop
    self.minimumLogitsDb = minimumLogitsDb
  }

  /// What `report` does not keep, each in a few words.
  func failures(_ report: VerifyReport) -> [String] {
    var failures: [String] = []
    if report.agreement < minimumAgreement { failures.append("too many captions differ") }
    if let maximumLossChange, let loss = report.loss, abs(loss.change) > maximumLossChange {
      failures.append("the loss changes too much")
    }
    if let maximumTop1Drop, let top1 = report.top1, top1.reference - top1.plan > maximumTop1Drop {
      failures.append("too few classes are right")
    }
    // Without noise there is no ratio, and nothing to object to.
    if let minimumLogitsDb, let found = report.sqnrDb.logits, found < minimumLogitsDb {
      failures.append("the scores are too noisy")
    }
    return failures
  }
}
