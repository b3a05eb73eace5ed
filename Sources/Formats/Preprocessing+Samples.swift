extension Preprocessing {
  /// f32[3, 256]: what each sample of each channel is for the model, `(sample / 255 - mean) /
  /// standardDeviation`, each operation rounded to `Float` as torchvision does.
  ///
  /// - Precondition: there is no ``fault``.
  package var sampleTable: [Float] {
    precondition(fault == nil, "a preprocessing that was checked")
    return (0..<3).flatMap { channel in
      (0..<256).map { (Float($0) / 255 - mean[channel]) / standardDeviation[channel] }
    }
  }

  /// What the samples of frames are for the model, by ``sampleTable``.
  ///
  /// - Parameters:
  ///   - samples: u8[frames, positions, 3], red, green, blue.
  ///   - frames: at least 1.
  /// - Returns: f32[frames, 3, positions].
  /// - Precondition: `samples` are as many; there is no ``fault``.
  package func normalised(_ samples: UnsafeRawBufferPointer, frames: Int) -> [Float] {
    precondition(samples.count.isMultiple(of: 3 * frames), "samples of all channels")
    let positions = samples.count / frames / 3
    return sampleTable.withUnsafeBufferPointer { table in
      [Float](unsafeUninitializedCapacity: samples.count) { target, initialized in
        for frame in 0..<frames {
          for position in 0..<positions {
            let first = (frame * positions + position) * 3
            for channel in 0..<3 {
              target[(frame * 3 + channel) * positions + position] =
                table[channel * 256 + Int(samples[first + channel])]
            }
          }
        }
        initialized = samples.count
      }
    }
  }
}
