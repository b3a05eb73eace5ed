package import Diagnostics

/// Writes plans: a valid protobuf message `gitc.Plan` whose weights start on a page boundary.
package enum PlanFile {
  /// Writes `plan` and its weights to a file that appears whole or not at all.
  ///
  /// - Parameters:
  ///   - plan: is validated first: nothing is written that a reader would refuse.
  ///   - weightByteCount: the length of the weight segment; see ``Swift/Array/placeInOrder()``.
  ///   - path: the file to make or replace.
  ///   - weights: writes exactly `weightByteCount` bytes: each weight in the order of its offset,
  ///     after ``FileWriter/pad(toMultipleOf:)`` of 64.
  /// - Throws: `.badData` for a plan beyond the format's limits, `.io` from the system, and what
  ///   `weights` throws.
  package static func write(
    _ plan: Plan, weightByteCount: Int, to path: String,
    weights: (inout FileWriter) throws(InputError) -> Void
  ) throws(InputError) {
    try plan.validate(weightByteCount: weightByteCount, place: path)
    let front = front(of: plan, weightByteCount: weightByteCount)
    guard front.count <= PlanLimits.headBytes else {
      throw PlanError(place: path).unreadable(
        expected: "at most \(PlanLimits.headBytes) bytes beside the weights",
        found: "\(front.count)")
    }
    try AtomicFile.write(to: path) { file throws(InputError) in
      try file.write(front)
      try weights(&file)
      let written = file.position - front.count
      precondition(
        written == weightByteCount,
        "wrote \(written) bytes of weights, promised \(weightByteCount)")
    }
  }

  /// Everything before the payload of field 15: the head, padding, and the payload's length.
  package static func front(of plan: Plan, weightByteCount: Int) -> [UInt8] {
    var bytes = PlanEncoder.head(of: plan)
    let length = varint(weightByteCount)
    let alignment = PlanLimits.segmentAlignment
    func padding(after used: Int) -> Int { (alignment - used % alignment) % alignment }
    // Two tags, the weights' length, and the padding's own length in one byte or two.
    let used = bytes.count + 2 + length.count
    var count = padding(after: used + 1)
    if count > 127 {
      count = padding(after: used + 2)
      if count <= 127 { count += alignment }  // its length must take the two bytes reckoned with
    }
    bytes.append(14 << 3 | 2)
    bytes += varint(count)
    bytes += [UInt8](repeating: 0, count: count)
    bytes.append(15 << 3 | 2)
    return bytes + length
  }

  /// The whole file as bytes, valid or not: for tests and for plans that stay in memory.
  package static func bytes(of plan: Plan, weights: [UInt8]) -> [UInt8] {
    front(of: plan, weightByteCount: weights.count) + weights
  }

  private static func varint(_ value: Int) -> [UInt8] {
    precondition(value >= 0, "a length of \(value)")
    var bytes: [UInt8] = []
    var rest = value
    while rest > 127 {
      bytes.append(UInt8(rest & 127) | 128)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }
}
