import CKernels

/// Weights in the order in which the integer kernels read them.
package enum Packing {
  /// Packs an int8 weight [N, K] for `ck_linear_u8s8`.
  ///
  /// - Parameters:
  ///   - weight: row-major, `rows` · `columns` values, each in -127 ... 127.
  ///   - rows: N, the output channels.
  ///   - columns: K, the input channels.
  /// - Returns: `packed`, laid out as [⌈N/8⌉][⌈K/4⌉][8][4] with zeros beyond N and K; and
  ///   `columnSums`, Σₖ weight[n, k] for each n, which the zero points of activations multiply.
  package static func packS8(
    _ weight: [Int8], rows: Int, columns: Int
  ) -> (packed: [Int8], columnSums: [Int32]) {
    precondition(
      weight.count == rows * columns, "\(weight.count) weights are not [\(rows), \(columns)]")
    var columnSums = [Int32](repeating: 0, count: rows)
    let packed = [Int8](unsafeUninitializedCapacity: packedByteCount(rows: rows, columns: columns))
    {
      buffer, count in
      count = buffer.count
      guard let base = buffer.baseAddress else { return }
      weight.withUnsafeBufferPointer { weight in
        columnSums.withUnsafeMutableBufferPointer { sums in
          guard let weight = weight.baseAddress, let sums = sums.baseAddress else { return }
          ck_pack_s8(rows, columns, weight, base, sums)
        }
      }
    }
    return (packed, columnSums)
  }

  /// Packs an int8 weight [N, K] with four bits for `ck_linear_u8s4`.
  ///
  /// - Parameters:
  ///   - weight: row-major; 32 neighbours of a row are a whole number of at most 127 times -8 ... 7.
  ///   - rows: N, the output channels.
  ///   - columns: K, the input channels, a multiple of 32 of at most 4096.
  /// - Returns: `packed`, as `ck_packed_s4_bytes` says, and `columnSums`; nil where a group is not of
  ///   that form.
  package static func packS4(
    _ weight: [Int8], rows: Int, columns: Int
  ) -> (packed: [UInt8], columnSums: [Int32])? {
    precondition(
      weight.count == rows * columns, "\(weight.count) weights are not [\(rows), \(columns)]")
    var columnSums = [Int32](repeating: 0, count: rows)
    var packed = [UInt8](repeating: 0, count: ck_packed_s4_bytes(rows, columns))
    let fits = weight.withUnsafeBufferPointer { weight in
      packed.withUnsafeMutableBufferPointer { packed in
        columnSums.withUnsafeMutableBufferPointer { sums in
          guard let weight = weight.baseAddress, let packed = packed.baseAddress,
            let sums = sums.baseAddress
          else { return true }
          return ck_pack_s4(rows, columns, weight, packed, sums) == 0
        }
      }
    }
    return fits ? (packed, columnSums) : nil
  }

  /// Bytes of a packed [rows, columns] weight.
  package static func packedByteCount(rows: Int, columns: Int) -> Int {
    ck_packed_s8_bytes(rows, columns)
  }
}
