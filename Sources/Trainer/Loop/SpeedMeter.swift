import Dispatch

/// Samples per second, smoothed over the last steps.
struct SpeedMeter {
  private var last = DispatchTime.now()
  private var secondsPerSample: Double?

  /// Counts the samples of a step that ended now.
  mutating func add(samples: Int) -> Double {
    let now = DispatchTime.now()
    let seconds = Double(now.uptimeNanoseconds - last.uptimeNanoseconds) * 1e-9
    last = now
    let current = max(1e-9, seconds / Double(samples))
    // One twentieth: steady to read, and right again twenty steps after a change.
    let smoothed = secondsPerSample.map { $0 + (current - $0) / 20 } ?? current
    secondsPerSample = smoothed
    return 1 / smoothed
  }

  /// Leaves out what happened since the last step, such as a validation.
  mutating func pause() { last = .now() }
}
