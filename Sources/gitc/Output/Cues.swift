/// Subtitles, one cue after the other, as if the inputs were shown so.
struct Cues {
  /// Cues so far.
  private var count = 0
  /// Milliseconds they fill.
  private var end = 0

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

  /// "00:00:01,000 --> 00:00:03,500": a millisecond at least, a year at most.
  private mutating func next(_ seconds: Double, _ point: String) -> String {
    let start = end
    count += 1
    end += max(1, Int(min(seconds, 31_536_000) * 1000))
    return "\(time(start, point)) --> \(time(end, point))"
  }

  private func time(_ milliseconds: Int, _ point: String) -> String {
    func digits(_ value: Int, _ places: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, places - text.count)) + text
    }
    let seconds = milliseconds / 1000
    let parts = [seconds / 3600, seconds / 60 % 60, seconds % 60].map { digits($0, 2) }
    return parts.joined(separator: ":") + point + digits(milliseconds % 1000, 3)
  }
}
