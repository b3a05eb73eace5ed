package import Diagnostics

/// The parts of a plan file that stand under a SHA-256, and which of them changed since it was written.
///
/// They are the head, but for its own checksum, and each weight. What is outside, the padding, nobody
/// reads.
package struct PlanChecksums: Sendable, Equatable {
  /// A part whose bytes are not those that were written.
  package struct Mismatch: Sendable, Equatable {
    /// "head" or "weight_table[3]".
    package let segment: String
    /// The weight's; nil for the head.
    package let weight: String?
    package let expected: SHA256Digest
    package let found: SHA256Digest
  }

  /// Parts with a checksum.
  package private(set) var segments = 0
  /// Their lengths together.
  package private(set) var byteCount = 0
  /// In the order of the table, the head first.
  package private(set) var mismatches: [Mismatch] = []

  /// Opens a plan and compares every checksum in it.
  ///
  /// - Throws: `.noInput` or `.io` where the file cannot be read; `.badData` where it is no valid plan,
  ///   or is of a version without checksums.
  /// - Complexity: reads the whole file once.
  package init(path: String) throws(InputError) {
    try self.init(.mapping(FileMapping(path: path)), place: path)
  }

  /// Compares every checksum of a plan in memory; `place` says in messages where it came from.
  ///
  /// - Throws: `.badData` where it is no valid plan, or is of a version without checksums.
  package init(bytes: [UInt8], place: String) throws(InputError) {
    try self.init(ByteStorage(copying: bytes), place: place)
  }

  private init(_ file: ByteStorage, place: String) throws(InputError) {
    defer { extendLifetime(file) }
    let error = PlanError(place: place)
    let scanner = try PlanScanner(file.bytes, error: error)
    let loaded = try LoadedPlan(file, place: place)
    defer { extendLifetime(loaded) }
    guard let stored = scanner.checksum.flatMap({ SHA256Digest(stored: file.bytes.part($0)) })
    else {
      throw error(
        FieldPath("sha256"), "is not there",
        expected: "a plan of version \(PlanLimits.firstVersionWithChecksums), which has checksums",
        found: "version \(PlanLimits.firstVersionWithChecksums - 1)",
        advice: "compile the checkpoint again to have them; the plan runs without")
    }
    compare("head", nil, stored, scanner.covered.map { file.bytes.part($0) })
    for (index, weight) in loaded.plan.weights.enumerated() {
      if let stored = weight.sha256 {
        let segment = FieldPath("weight_table", index).description
        compare(segment, weight.name, stored, [loaded.bytes(ofWeight: index)])
      }
    }
  }

  private mutating func compare(
    _ segment: String, _ weight: String?, _ expected: SHA256Digest,
    _ pieces: [UnsafeRawBufferPointer]
  ) {
    segments += 1
    byteCount += pieces.reduce(0) { $0 + $1.count }
    let found = SHA256Digest(of: pieces)
    guard found != expected else { return }
    mismatches.append(
      Mismatch(segment: segment, weight: weight, expected: expected, found: found))
  }
}

extension UnsafeRawBufferPointer {
  fileprivate func part(_ range: Range<Int>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: self[range])
  }
}
