package import Diagnostics

/// A NumPy `.npy` file of floats or integers of any shape.
package struct NPYArray: Sendable, Equatable {
  package enum Values: Sendable, Equatable {
    /// `<f4`
    case floats([Float])
    /// `<i4`; `<i8` is read too, where its values fit.
    case integers([Int32])
  }

  package var shape: [Int]
  /// Row-major.
  package var values: Values

  package init(shape: [Int], values: Values) {
    self.shape = shape
    self.values = values
  }

  /// Parses a whole file; only little-endian C order is accepted.
  ///
  /// - Throws: `.badData` that names the part that is wrong.
  package init(_ bytes: [UInt8], place: String) throws(InputError) {
    let (header, start) = try NPYHeader.read(bytes, place: place)
    func failure(_ field: String, _ expected: String, _ found: String) -> InputError {
      InputError(
        .badData, "the array cannot be used", expected: expected, found: found,
        in: "\(place), \(field)", advice: "save it with numpy.save as float32 or int32")
    }
    guard !header.fortranOrder else {
      throw failure("header field fortran_order", "C order", "Fortran order")
    }
    func elements<Element: BitwiseCopyable>(_: Element.Type) throws(InputError) -> [Element] {
      let size = MemoryLayout<Element>.size
      guard header.byteCount(elementBytes: size) == bytes.count - start else {
        throw failure(
          "data", "as many bytes as shape \(header.shape) has", "\(bytes.count - start)")
      }
      return bytes.withUnsafeBytes { raw in
        (0..<(bytes.count - start) / size).map {
          raw.loadUnaligned(fromByteOffset: start + $0 * size, as: Element.self)
        }
      }
    }
    shape = header.shape
    switch header.type {
    case "<f4": values = .floats(try elements(Float.self))
    case "<i4": values = .integers(try elements(Int32.self))
    case "<i8":
      let wide = try elements(Int64.self)
      guard let narrow = wide.exactly(Int32.self) else {
        throw failure("data", "integers of 32 bits", "larger ones")
      }
      values = .integers(narrow)
    default: throw failure("header field descr", "'<f4', '<i4' or '<i8'", "'\(header.type)'")
    }
  }

  /// The file, version 1 of the format.
  package var bytes: [UInt8] {
    let (type, data): (String, [UInt8]) =
      switch values {
      case .floats(let values): ("<f4", values.withUnsafeBytes { Array($0) })
      case .integers(let values): ("<i4", values.withUnsafeBytes { Array($0) })
      }
    let axes = shape.map { "\($0)," }.joined(separator: " ")
    var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(axes)), }"
    // The data begins at a multiple of 64 bytes.
    while (10 + header.utf8.count + 1) % 64 != 0 { header += " " }
    header += "\n"
    let length = header.utf8.count
    return NPYHeader.signature + [1, 0, UInt8(length & 255), UInt8(length >> 8)]
      + Array(header.utf8) + data
  }
}

extension [Int64] {
  /// All elements in a narrower type, nil when one does not fit.
  fileprivate func exactly<Narrow: FixedWidthInteger>(_: Narrow.Type) -> [Narrow]? {
    let narrow = compactMap { Narrow(exactly: $0) }
    return narrow.count == count ? narrow : nil
  }
}
