package import Diagnostics
import Synchronization

/// A plan and its weights, checked and ready to bind.
///
/// From a file, only the head is read and copied; the weights stay in the mapping and are read when
/// touched. Several sessions and threads can share one object.
package final class LoadedPlan: Sendable {
  /// The validated plan.
  package let plan: Plan
  /// The file, for messages.
  package let place: String
  private let storage: ByteStorage
  private let segment: Range<Int>
  /// The weights whose partial sums were found to hold.
  private let proven = Mutex<Set<Int>>([])

  /// Maps and checks a plan file.
  ///
  /// Where another program wrote the message and its weights are not aligned, they are copied once.
  /// - Throws: `.noInput` or `.io` where it cannot be read; `.badData` naming the field that is
  ///   wrong.
  package convenience init(path: String) throws(InputError) {
    try self.init(.mapping(FileMapping(path: path)), place: path)
  }

  /// Checks a plan in memory, copying its weights; `place` says in messages where it came from.
  ///
  /// - Throws: `.badData` naming the field that is wrong.
  package convenience init(bytes: [UInt8], place: String) throws(InputError) {
    try self.init(ByteStorage(copying: bytes), place: place)
  }

  /// Checks a plan that was never serialised, copying its weights; `place` names it in messages.
  ///
  /// - Throws: `.badData` naming the field that is wrong.
  package init(_ plan: Plan, weights: [UInt8], place: String) throws(InputError) {
    try plan.validate(weightByteCount: weights.count, place: place)
    self.plan = plan
    self.place = place
    storage = ByteStorage(copying: weights)
    segment = 0..<weights.count
  }

  /// Checks the plan in `file`.
  init(_ file: ByteStorage, place: String) throws(InputError) {
    defer { extendLifetime(file) }
    let error = PlanError(place: place)
    let bytes = file.bytes
    let scanner = try PlanScanner(bytes, error: error)
    // Other tools may write the weights first. Pieces of a message, joined, are a message.
    let head =
      scanner.head.count > 1 ? AlignedBytes(joining: scanner.head.map { bytes[$0] }) : nil
    plan = try withExtendedLifetime(head) { () throws(InputError) in
      try PlanDecoder(error: error).plan(
        head?.bytes ?? UnsafeRawBufferPointer(rebasing: bytes[scanner.head.first ?? 0..<0]))
    }
    try plan.validate(weightByteCount: scanner.weights.count, place: place)
    self.place = place
    if scanner.weights.lowerBound % PlanLimits.weightAlignment == 0 {
      storage = file
      segment = scanner.weights
    } else {
      storage = .copy(
        AlignedBytes(copying: UnsafeRawBufferPointer(rebasing: bytes[scanner.weights])))
      segment = 0..<scanner.weights.count
    }
  }

  /// The weight segment, from a 64-byte boundary on.
  ///
  /// Valid while this object lives: whoever keeps the pointer keeps the object, and a function that
  /// does not use the object afterwards says `extendLifetime`.
  package var weights: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: storage.bytes[segment])
  }

  /// Bounds of ``PartialSums`` that the bytes of packed weight `index` were found to keep, whatever
  /// the file says: a kernel may rely on them.
  ///
  /// - Throws: `.badData` when they do not keep what the plan says of them.
  /// - Complexity: reads the weight once in the life of this object.
  package func partialSums(ofWeight index: Int) throws(InputError) -> [Int] {
    let weight = plan.weights[index]
    if weight.partialSums.isEmpty { return PartialSums.ofAnyWeights }
    if proven.withLock({ $0.contains(index) }) { return weight.partialSums }
    if let fault = weight.partialSumFault(bytes(ofWeight: index)) {
      throw PlanError(place: place)(
        FieldPath("weight_table", index), "has damaged bytes", expected: fault.expected,
        found: "\(fault.found) in weight '\(weight.name)'")
    }
    proven.withLock { _ = $0.insert(index) }
    return weight.partialSums
  }

  /// The bytes of `plan.weights[index]`, from a 64-byte boundary on; valid as ``weights`` is.
  package func bytes(ofWeight index: Int) -> UnsafeRawBufferPointer {
    let weight = plan.weights[index]
    return UnsafeRawBufferPointer(
      rebasing: weights[weight.offset..<(weight.offset + weight.byteCount)])
  }
}
