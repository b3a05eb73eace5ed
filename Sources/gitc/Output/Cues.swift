/// Subtitles, one cue after the other, each shown for a second.
struct Cues {
  private var count = 0

  /// The next cue of a SubRip file.
  mutating func srt(_ text: String) -> String {
    count += 1
    return "\(count)\n\(time(count - 1, ",")) --> \(time(count, ","))\n\(text)\n\n"
  }

  /// The next cue of a WebVTT file.
  mutating func vtt(_ text: String) -> String {
    count += 1
    let escapes: [Character: String] = ["&": "&amp;", "<": "&lt;", ">": "&gt;"]
    let text = text.map { escapes[$0] ?? String($0) }.joined()
    return "\n\(time(count - 1, ".")) --> \(time(count, "."))\n\(text)\n"
  }

  /// "00:01:05,000".
  private func time(_ seconds: Int, _ point: String) -> String {
    let parts = [seconds / 3600, seconds / 60 % 60, seconds % 60].map { part in
      part < 10 ? "0\(part)" : "\(part)"
    }
    return parts.joined(separator: ":") + point + "000"
  }
}
