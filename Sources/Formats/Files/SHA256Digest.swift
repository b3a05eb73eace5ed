import CNettle

/// A SHA-256 digest.
///
/// - Source: FIPS 180-4.
package struct SHA256Digest: Sendable, Hashable, CustomStringConvertible {
  package static let byteCount = Int(SHA256_DIGEST_SIZE)
  /// As many as ``byteCount``.
  package let bytes: [UInt8]

  /// The digest of `data`.
  package init(of data: UnsafeRawBufferPointer) { self.init(of: [data]) }

  /// The digest of pieces, one after the other.
  package init(of pieces: [UnsafeRawBufferPointer]) {
    var context = sha256_ctx()
    nettle_sha256_init(&context)
    for piece in pieces {
      nettle_sha256_update(
        &context, piece.count, piece.bindMemory(to: UInt8.self).baseAddress)
    }
    bytes = [UInt8](unsafeUninitializedCapacity: Self.byteCount) { buffer, count in
      cnettle_sha256_finish(&context, buffer.baseAddress)
      count = Self.byteCount
    }
  }

  /// A digest that was stored; nil where `bytes` are not ``byteCount``.
  package init?(stored bytes: UnsafeRawBufferPointer) {
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = Array(bytes)
  }

  /// 64 hexadecimal digits, as `sha256sum` writes them.
  package var description: String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
