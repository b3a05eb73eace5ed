package import Diagnostics
import Formats

/// Whether the bytes of a plan are those that were written: what `gitc verify --checksums` prints.
package struct ChecksumReport: Encodable, Sendable {
  /// A part of the file that changed.
  struct Damage: Encodable, Sendable {
    /// "head" or "weight_table[3]".
    var segment: String
    /// The weight's name; absent for the head.
    var weight: String?
    /// SHA-256 in hexadecimal: as stored, and of the bytes.
    var expected: String
    var found: String
  }

  private enum CodingKeys: String, CodingKey { case plan, segments, bytes, passed, damaged }

  let plan: String
  let segments: Int
  let bytes: Int
  package let passed: Bool
  let damaged: [Damage]

  /// Reads the whole file, and where all checksums hold looks at the weights themselves too.
  ///
  /// - Throws: `.noInput`, `.io` or `.badData` where it is no valid plan with checksums, or where they hold
  ///   over weights that break a rule of the format: whoever wrote the plan wrote it wrong.
  package init(plan: String) throws(InputError) {
    let checksums = try PlanChecksums(path: plan)
    self.plan = plan
    segments = checksums.segments
    bytes = checksums.byteCount
    passed = checksums.mismatches.isEmpty
    damaged = checksums.mismatches.map {
      Damage(
        segment: $0.segment, weight: $0.weight, expected: $0.expected.description,
        found: $0.found.description)
    }
    if passed { try LoadedPlan(path: plan).verifyWeights() }
  }

  /// For people: one line, or one for each damaged part.
  package var text: String {
    if passed {
      return "\(plan): all \(segments) checksums hold, over \(bytes) bytes"
    }
    return damaged.map { damage in
      let name = damage.weight.map { " (\($0))" } ?? ""
      return "\(plan): \(damage.segment)\(name) is damaged, expected SHA-256 \(damage.expected), "
        + "found \(damage.found); get the file again or compile the checkpoint again"
    }.joined(separator: "\n")
  }
}
