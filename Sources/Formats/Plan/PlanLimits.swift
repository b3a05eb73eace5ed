/// What a reader accepts at most; `formats/README.md` states the same numbers.
///
/// They are far above any model of this family. They bound what a damaged or hostile file can make
/// a reader allocate, and keep products of sizes within 64 bits for a little longer.
package enum PlanLimits {
  /// The versions this release reads.
  package static let versions = 1...2
  /// The first whose plans have checksums.
  package static let firstVersionWithChecksums = 2
  /// All of a plan but padding and weights.
  package static let headBytes = 16 << 20
  /// What unpacking the head may allocate: 2 bytes of a hostile head can ask for 300 of memory.
  package static let unpackedBytes = 256 << 20
  /// Where in the file the weights begin: at a multiple of this.
  package static let segmentAlignment = 4096
  /// Where in the segment each weight begins: at a multiple of this.
  package static let weightAlignment = 64
  /// Bytes in UTF-8 of a name or vocabulary entry.
  package static let stringBytes = 1024
  package static let functions = 64
  /// In the weight table; the tensors, steps or ports of one function.
  package static let tableEntries = 1 << 17
  package static let symbols = 64
  /// Axes of a tensor: what the strided kernels take.
  package static let rank = 6
  /// Terms of one dimension.
  package static let terms = 8
  /// Factors of one term.
  package static let factors = 8
  /// Terms of the element count of an aliased tensor.
  package static let elementCountTerms = 32
  /// Magnitude of a coefficient, and of a known length.
  package static let coefficient = 1 << 40
  /// Inputs of a CONCAT.
  package static let repeatedOperands = 1024
  /// Columns K of a packed weight: 255 · 127 · K stays below 2^31.
  package static let packedColumns = 66000
  /// Inputs of a four-bit weight that share a multiplier; its columns K are a multiple of this.
  package static let fourBitGroup = 32
  /// Columns K of a four-bit weight: 255 · 8 · 255 · K stays below 2^31, whatever its bytes.
  package static let fourBitColumns = 4096
  package static let heads = 65536
  package static let imageSize = 16384
  /// Tokens of a window's side.
  package static let window = 64
  package static let vocabulary = 1 << 24
  package static let textLength = 1 << 20
  package static let frames = 4096
}
