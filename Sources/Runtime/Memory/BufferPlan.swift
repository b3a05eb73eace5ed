import Diagnostics
import Formats

/// When each buffer of a bound program is alive, and which buffers share their bytes.
struct BufferPlan {
  /// Where a buffer's bytes come from.
  enum Role: Equatable {
    /// An alias, or a tensor nobody uses.
    case none
    case weight
    /// Placed by the caller.
    case external
    /// Given by the caller before a run, and kept over runs.
    case input
    /// Kept until the end of a run.
    case output
    /// Made and used within a run.
    case local
  }

  /// By buffer.
  private(set) var roles: [Role]
  /// The buffer in whose bytes each lies: its own, unless it was written in place.
  private(set) var homes: [Int]
  /// By home; nil for those that are not in the arena.
  private(set) var live: [ClosedRange<Int>?]

  /// Finds the lifetimes of what `calls` touch.
  ///
  /// - Parameters:
  ///   - calls: in running order.
  ///   - constants: so many calls at the front belong to the first run alone; what later calls read of
  ///     their results stays.
  ///   - byteCounts: by buffer.
  ///   - roles: by buffer.
  init(calls: [KernelCall], constants: Int = 0, byteCounts: [Int], roles: [Role]) {
    self.roles = roles
    homes = Array(roles.indices)
    live = [ClosedRange<Int>?](repeating: nil, count: roles.count)
    let end = calls.count
    for buffer in roles.indices where roles[buffer] == .input { live[buffer] = 0...end }
    for (moment, call) in calls.enumerated() {
      for buffer in call.reads + call.writes where isPlanned(buffer) {
        let first = live[buffer]?.lowerBound ?? moment
        let stays = roles[buffer] == .output || (first < constants && moment >= constants)
        let last = stays ? end : max(moment, live[buffer]?.upperBound ?? 0)
        live[buffer] = first...last
      }
    }
    for (moment, call) in calls.enumerated() { share(call, at: moment, byteCounts) }
  }

  private func isPlanned(_ buffer: Int) -> Bool {
    switch roles[buffer] {
    case .none, .weight, .external: false
    case .input, .output, .local: true
    }
  }

  /// Puts a result of `call` where one of its operands is, if the kernel allows it and nobody misses
  /// the operand.
  private mutating func share(_ call: KernelCall, at moment: Int, _ byteCounts: [Int]) {
    for pair in call.inPlace {
      let home = homes[pair.operand]
      guard isPlanned(pair.result), roles[home] == .local, homes[pair.result] == pair.result,
        byteCounts[pair.result] == byteCounts[home],
        let operandLife = live[home], let resultLife = live[pair.result],
        operandLife.upperBound == moment, resultLife.lowerBound == moment,
        call.reads.filter({ homes[$0] == home }).count == 1,
        !call.writes.contains(where: { homes[$0] == home })
      else { continue }
      homes[pair.result] = home
      live[home] = operandLife.lowerBound...resultLife.upperBound
      live[pair.result] = nil
      // The shared bytes are an output's from here on, and stay.
      if roles[pair.result] == .output { roles[home] = .output }
      return
    }
  }
}
