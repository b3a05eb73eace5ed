package import Formats

/// The pixels of frames of one size.
package enum FramePixels: Sendable, Equatable {
  /// u8[frames, height, width, 3]: red, green, blue; the session normalises them for its model.
  case samples([UInt8])
  /// f32[frames, 3, height, width], normalised.
  case normalised([Float])

  /// Calls `body` with the bytes of all frames, and whether they are samples.
  func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer, _ areSamples: Bool) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    switch self {
    case .samples(let values):
      try values.withUnsafeBufferPointer { (values) throws(Failure) in
        try body(UnsafeRawBufferPointer(values), true)
      }
    case .normalised(let values):
      try values.withUnsafeBufferPointer { (values) throws(Failure) in
        try body(UnsafeRawBufferPointer(values), false)
      }
    }
  }

  /// f32[frames, 3, height, width], as the model sees them.
  package func normalised(_ preprocessing: Preprocessing, frames: Int) -> [Float] {
    switch self {
    case .samples(let values):
      var result = [Float](repeating: 0, count: values.count)
      result.withUnsafeMutableBytes { result in
        values.withUnsafeBytes { $0.normalise(preprocessing.sampleTable, frames, into: result) }
      }
      return result
    case .normalised(let values): return values
    }
  }

  /// Whether both are samples or neither is.
  package func isLike(_ other: FramePixels) -> Bool {
    switch (self, other) {
    case (.samples, .samples), (.normalised, .normalised): true
    default: false
    }
  }

  /// So that the features of both are the same bits.
  func hasSameBytes(as other: FramePixels) -> Bool {
    isLike(other)
      && withBytes { bytes, _ in other.withBytes { others, _ in bytes.hasSameBytes(as: others) } }
  }

  /// The frames of all, one after the other.
  ///
  /// - Precondition: they are like each other, and there is one.
  package static func joined(_ all: [FramePixels]) -> FramePixels {
    if all.count == 1 { return all[0] }
    var (samples, normalised): ([UInt8], [Float]) = ([], [])
    for pixels in all {
      precondition(pixels.isLike(all[0]), "samples or numbers throughout")
      switch pixels {
      case .samples(let values): samples += values
      case .normalised(let values): normalised += values
      }
    }
    return normalised.isEmpty ? .samples(samples) : .normalised(normalised)
  }
}

extension UnsafeRawBufferPointer {
  /// Writes samples u8[frames, positions, 3] as f32[frames, 3, positions] by a table f32[3, 256].
  func normalise(_ table: [Float], _ frames: Int, into target: UnsafeMutableRawBufferPointer) {
    precondition(count.isMultiple(of: 3 * frames) && target.count == 4 * count, "as many floats")
    let positions = count / frames / 3
    let floats = target.assumingMemoryBound(to: Float.self)
    for frame in 0..<frames {
      for channel in 0..<3 {
        let start = (frame * 3 + channel) * positions
        for index in 0..<positions {
          let sample = self[(frame * positions + index) * 3 + channel]
          floats[start + index] = table[channel * 256 + Int(sample)]
        }
      }
    }
  }
}
