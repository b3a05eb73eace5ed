#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Which of several frames have equal pixels.
struct FrameKinds {
  /// By frame, the number of its kind; kinds are counted as they come up.
  private(set) var kinds: [Int] = []
  /// By kind, the pixels of its first frame.
  private(set) var representatives: [UnsafeRawBufferPointer] = []

  /// Compares bytes, so that frames of one kind give the same features to the bit.
  ///
  /// Different frames differ early on, so that each comparison is short.
  ///
  /// - Precondition: `pixels` are those of `count` equally long frames.
  init(_ pixels: UnsafeRawBufferPointer, count: Int) {
    precondition(count > 0 && pixels.count.isMultiple(of: count), "pixels of all frames")
    for index in 0..<count {
      let frame = pixels.part(index, of: count)
      if let kind = representatives.firstIndex(where: { $0.hasSameBytes(as: frame) }) {
        kinds.append(kind)
      } else {
        kinds.append(representatives.count)
        representatives.append(frame)
      }
    }
  }
}

extension UnsafeRawBufferPointer {
  /// One of `count` equal parts.
  func part(_ index: Int, of count: Int) -> UnsafeRawBufferPointer {
    let length = self.count / count
    return UnsafeRawBufferPointer(rebasing: self[index * length..<(index + 1) * length])
  }

  func hasSameBytes(as other: UnsafeRawBufferPointer) -> Bool {
    guard count == other.count, let a = baseAddress, let b = other.baseAddress else {
      return count == other.count
    }
    return memcmp(a, b, count) == 0
  }
}

extension UnsafeMutableRawBufferPointer {
  /// One of `count` equal parts.
  func part(_ index: Int, of count: Int) -> UnsafeMutableRawBufferPointer {
    let length = self.count / count
    return UnsafeMutableRawBufferPointer(rebasing: self[index * length..<(index + 1) * length])
  }
}
