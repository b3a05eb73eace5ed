/// Tells when a loss is no longer like those before it.
///
/// Each data set has its own level, for a step trains on one of them and they differ in difficulty.
struct LossWatch: Codable, Equatable {
  private struct Level: Codable, Equatable {
    var mean: Float = 0
    var count = 0
  }

  /// By data set.
  private var levels: [Level]
  /// How often the usual loss is too much; 0 for never.
  private let factor: Float

  /// How many losses make a level.
  static let window = 50
  /// Losses near 0 jump by large factors: a spike is higher than the factor says by this, in nats.
  static let slack: Float = 2

  init(sources: Int, factor: Float) {
    levels = [Level](repeating: Level(), count: sources)
    self.factor = factor
  }

  /// Takes note of a loss.
  ///
  /// - Returns: the usual loss of that data set where this one is a spike; nil otherwise.
  mutating func add(_ loss: Float, source: Int) -> Float? {
    let level = levels[source]
    if factor > 0, level.count >= Self.window, loss > factor * level.mean + Self.slack {
      return level.mean
    }
    levels[source].count += 1
    // The plain mean of the first ones, then one that forgets.
    levels[source].mean += (loss - level.mean) / Float(min(level.count + 1, Self.window))
    return nil
  }
}
