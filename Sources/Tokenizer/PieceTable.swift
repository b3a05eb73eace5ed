/// Maps the bytes of a piece to its id: one open-addressing table over all pieces of a vocabulary.
///
/// Keys are compared byte by byte. `Dictionary<String, Int>` would not do: Swift compares strings
/// by canonical equivalence, WordPiece compares code points.
struct PieceTable: Sendable {
  /// The piece bytes, one after the other.
  private var bytes: [UInt8] = []
  /// `starts[id]..<starts[id + 1]` are the bytes of piece `id`.
  private var starts: [Int32] = [0]
  /// Ids, or -1 for a free slot; the count is a power of two and at least twice the pieces.
  private var slots: [Int32]
  /// The length in bytes of the longest piece.
  private var longest = 0

  /// Creates an empty table with room for `capacity` pieces.
  init(capacity: Int) {
    var count = 16
    while count < 2 * capacity { count *= 2 }
    slots = Array(repeating: -1, count: count)
  }

  /// Appends a piece, whose id is the number of pieces before it.
  ///
  /// - Returns: nil, or the id the same bytes already had, in which case nothing is added.
  mutating func append(_ piece: some Sequence<UInt8>) -> Int? {
    let start = bytes.count
    bytes.append(contentsOf: piece)
    var hash = Self.seed
    for byte in bytes[start...] { hash = Self.step(hash, byte) }
    var slot = Self.slot(hash, in: slots.count)
    while slots[slot] >= 0 {
      let id = Int(slots[slot])
      if self.piece(id).elementsEqual(bytes[start...]) {
        bytes.removeSubrange(start...)
        return id
      }
      slot = (slot + 1) & (slots.count - 1)
    }
    precondition(2 * starts.count <= slots.count, "more pieces than the table was made for")
    slots[slot] = Int32(starts.count - 1)
    starts.append(Int32(bytes.count))
    longest = max(longest, bytes.count - start)
    return nil
  }

  /// The bytes of piece `id`.
  func piece(_ id: Int) -> ArraySlice<UInt8> {
    bytes[Int(starts[id])..<Int(starts[id + 1])]
  }

  /// The id of the piece made of exactly these bytes, or nil.
  func find(_ piece: some Sequence<UInt8>) -> Int? {
    let key = Array(piece)
    var hash = Self.seed
    for byte in key { hash = Self.step(hash, byte) }
    return find(key, 0..<key.count, continuing: false, hash)
  }

  /// The longest piece that `word[start...]` begins with, and the index after it.
  ///
  /// - Parameters:
  ///   - word: UTF-8 bytes.
  ///   - start: where to look, below `word.count`.
  ///   - continuing: whether the piece is looked up with `##` before it.
  /// - Returns: nil when no piece fits.
  /// - Complexity: one probe when the whole rest is a piece, else one per byte of the rest.
  func longestMatch(in word: [UInt8], from start: Int, continuing: Bool) -> (id: Int, end: Int)? {
    let origin = continuing ? Self.continuationSeed : Self.seed
    let reach = min(word.count, start + longest)
    if reach == word.count {
      var hash = origin
      for index in start..<reach { hash = Self.step(hash, word[index]) }
      if let id = find(word, start..<reach, continuing: continuing, hash) { return (id, reach) }
    }
    var best: (id: Int, end: Int)?
    var hash = origin
    for index in start..<reach {
      hash = Self.step(hash, word[index])
      if let id = find(word, start..<(index + 1), continuing: continuing, hash) {
        best = (id, index + 1)
      }
    }
    return best
  }

  private func find(
    _ word: [UInt8], _ range: Range<Int>, continuing: Bool, _ hash: UInt64
  ) -> Int? {
    var slot = Self.slot(hash, in: slots.count)
    while slots[slot] >= 0 {
      if matches(Int(slots[slot]), word, range, continuing: continuing) { return Int(slots[slot]) }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  private func matches(
    _ id: Int, _ word: [UInt8], _ range: Range<Int>, continuing: Bool
  ) -> Bool {
    var start = Int(starts[id])
    let prefix = continuing ? 2 : 0
    guard Int(starts[id + 1]) - start == range.count + prefix else { return false }
    if continuing {
      guard bytes[start] == Self.hash, bytes[start + 1] == Self.hash else { return false }
      start += 2
    }
    let offset = start - range.lowerBound
    return range.allSatisfy { bytes[$0 + offset] == word[$0] }
  }

  // FNV-1a, 64 bits: one multiplication per byte, and prefixes are hashed as the scan goes on.
  private static let seed: UInt64 = 0xcbf2_9ce4_8422_2325
  private static let hash = UInt8(ascii: "#")
  private static let continuationSeed = step(step(seed, hash), hash)

  private static func step(_ hash: UInt64, _ byte: UInt8) -> UInt64 {
    (hash ^ UInt64(byte)) &* 0x100_0000_01b3
  }

  // The low bits of FNV-1a alone depend only on the low bits of the input.
  private static func slot(_ hash: UInt64, in count: Int) -> Int {
    Int(truncatingIfNeeded: hash ^ (hash >> 29)) & (count - 1)
  }
}

extension PieceTable: Equatable {
  /// Whether both hold the same pieces with the same ids.
  static func == (a: PieceTable, b: PieceTable) -> Bool {
    a.starts == b.starts && a.bytes == b.bytes
  }
}
