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
      values.withUnsafeBytes { preprocessing.normalised($0, frames: frames) }
    case .normalised(let values): values
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
    precondition(all.allSatisfy { $0.isLike(all[0]) }, "samples or numbers throughout")
    if all.count == 1 { return all[0] }
    switch all[0] {
    case .samples: return .samples(all.flatMap(\.sampleValues))
    case .normalised: return .normalised(all.flatMap(\.normalisedValues))
    }
  }

  /// None of pixels that are normalised.
  private var sampleValues: [UInt8] {
    if case .samples(let values) = self { values } else { [] }
  }

  /// None of pixels that are samples.
  private var normalisedValues: [Float] {
    if case .normalised(let values) = self { values } else { [] }
  }
}
