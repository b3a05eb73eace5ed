/// Which frames stand for a clip, and in which order files of a folder come.
package enum FrameSampling {
  /// The frames nearest to the middles of `maximum` equal parts of `count` frames.
  ///
  /// Of two equally near frames the earlier is taken; all frames where there are not more than `maximum`.
  /// The same rule on times samples a video, so a folder of all its frames gives the same ones.
  ///
  /// - Precondition: `count >= 0`, `maximum >= 1`.
  package static func indexes(count: Int, maximum: Int) -> [Int] {
    precondition(count >= 0 && maximum >= 1, "a clip is sampled at one frame at least")
    if count <= maximum { return Array(0..<count) }
    // Middle (2i + 1) * count / 2n, less one half, rounded up: the nearest, ties to the earlier.
    return (0..<maximum).map { i in
      ((2 * i + 1) * count - maximum + 2 * maximum - 1) / (2 * maximum)
    }
  }

  /// A part of a stream, and the frame that stands for it.
  package struct Part: Sendable, Equatable {
    package var frame: Int
    /// Milliseconds from the start of the stream.
    package var start: Int
    package var end: Int
  }

  /// The parts of a stream of a frame per second, `interval` milliseconds each, the last one longer or
  /// shorter by up to half of that; each has the frame nearest to the middle of `interval`.
  ///
  /// Of two equally near frames the earlier is taken. The same rule on times takes a video apart, so a
  /// folder of a frame per second of it gives the same parts.
  ///
  /// - Precondition: `count >= 0`, `interval >= 1`.
  package static func parts(count: Int, every interval: Int) -> [Part] {
    precondition(count >= 0 && interval >= 1, "parts of some length")
    if count == 0 { return [] }
    let length = count * 1000
    let parts = max(1, (2 * length + interval) / (2 * interval))
    return (0..<parts).map { part in
      // A frame's time is its index; the middle less half a second, rounded up.
      let middle = (2 * part + 1) * interval - 1000
      let frame = middle <= 0 ? 0 : (middle + 1999) / 2000
      return Part(
        frame: min(count - 1, frame), start: part * interval,
        end: part + 1 == parts ? length : (part + 1) * interval)
    }
  }

  /// Whether `a` comes before `b` when runs of digits count as numbers: "frame2" before "frame10".
  ///
  /// A total order: names that differ only in leading zeros compare as text.
  package static func naturallyPrecedes(_ a: String, _ b: String) -> Bool {
    let (x, y) = (Array(a.utf8), Array(b.utf8))
    var (i, j) = (0, 0)
    while i < x.count && j < y.count {
      if isDigit(x[i]) && isDigit(y[j]) {
        let (first, second) = (number(in: x, at: &i), number(in: y, at: &j))
        if first.count != second.count { return first.count < second.count }
        if first != second { return first.lexicographicallyPrecedes(second) }
      } else if x[i] != y[j] {
        return x[i] < y[j]
      } else {
        i += 1
        j += 1
      }
    }
    if i < x.count || j < y.count { return j < y.count }
    return x.lexicographicallyPrecedes(y)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  /// The digits at `position` without leading zeros, of any length; moves `position` behind them.
  private static func number(in text: [UInt8], at position: inout Int) -> ArraySlice<UInt8> {
    while position < text.count && text[position] == 0x30 { position += 1 }
    let start = position
    while position < text.count && isDigit(text[position]) { position += 1 }
    return text[start..<position]
  }
}
