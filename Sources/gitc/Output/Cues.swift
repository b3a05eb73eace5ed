/// Subtitles, one cue after the other, as if the inputs were shown so.
struct Cues {
  /// Cues so far.
  private var count = 0
  /// Seconds they fill.
  private var end = 0.0

  /// The next cue of a SubRip file.
  mutating func srt(_ text: String, seconds: Double) -> String {
    let times = next(seconds, ",")
    return "\(count)\n\(times)\n\(text)\n\n"
  }

  /// The next cue of a WebVTT file.
  mutating func vtt(_ text: String, seconds: Double) -> String {
    let escapes: [Character: String] = ["&": "&amp;", "<": "&lt;", ">": "&gt;"]
    let text = text.map { escapes[$0] ?? String($0) }.joined()
    return "\n\(next(seconds, "."))\n\(text)\n"
  }

  /// Leaves time without a cue.
  mutating func skip(seconds: Double) { end += min(max(0, seconds), Self.year) }

  /// "00:00:01,000 --> 00:00:03,500": a millisecond at least, a year at most.
  private mutating func next(_ seconds: Double, _ point: String) -> String {
    let start = end
    count += 1
    end += max(0.001, min(seconds, Self.year))
    return "\(Self.time(start, point)) --> \(Self.time(end, point))"
  }

  private static let year = 31_536_000.0

  /// "00:00:03.500", to the nearest millisecond.
  static func time(_ seconds: Double, _ point: String = ".") -> String {
    func digits(_ value: Int, _ places: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, places - text.count)) + text
    }
    let milliseconds = Int((seconds * 1000).rounded())
    let whole = milliseconds / 1000
    let parts = [whole / 3600, whole / 60 % 60, whole % 60].map { digits($0, 2) }
    return parts.joined(separator: ":") + point + digits(milliseconds % 1000, 3)
  }
}
