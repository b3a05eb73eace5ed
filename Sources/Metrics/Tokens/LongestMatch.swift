/// Finds the longest match of many patterns at once; of equally long ones, the first pattern's.
///
/// A deterministic automaton whose states are made when a text first needs them.
struct LongestMatch {
  private struct State {
    /// Positions in the patterns, ascending.
    var positions: [Int]
    /// The first pattern of which a match ends here.
    var accepted: Int?
  }

  private let classes: [Pattern.Class]
  private let follow: [[Int]]
  /// The pattern that ends with a position.
  private let accepts: [Int: Int]
  private var states: [State]
  private var known: [[Int]: Int] = [:]
  /// Next states by state and scalar; −1 where there is none.
  private var transitions: [UInt64: Int] = [:]
  private let start: [Int]

  init(_ patterns: [Pattern]) {
    var (classes, follow): ([Pattern.Class], [[Int]]) = ([], [])
    var (accepts, start): ([Int: Int], [Int]) = ([:], [])
    for (index, pattern) in patterns.enumerated() {
      let base = classes.count
      classes += pattern.classes
      follow += pattern.follow.map { $0.map { $0 + base } }
      start += pattern.first.map { $0 + base }
      for position in pattern.last { accepts[position + base] = index }
    }
    (self.classes, self.follow, self.accepts, self.start) = (classes, follow, accepts, start)
    // State 0 is before the first scalar.
    states = [State(positions: [], accepted: nil)]
  }

  /// The longest match that begins at `index`.
  ///
  /// - Returns: the pattern's number and the end of its match, or nil where none matches.
  mutating func match(
    _ text: [Unicode.Scalar], from index: Int
  ) -> (pattern: Int, end: Int)? {
    var found: (pattern: Int, end: Int)?
    forEachEnd(text, from: index) { found = ($0, $1) }
    return found
  }

  /// Calls `body` with the first pattern and the end of every match that begins at `index`,
  /// shortest first.
  mutating func forEachEnd(
    _ text: [Unicode.Scalar], from index: Int, _ body: (_ pattern: Int, _ end: Int) -> Void
  ) {
    var state = 0
    for end in index..<text.count {
      state = next(state, text[end])
      if state < 0 { return }
      if let pattern = states[state].accepted { body(pattern, end + 1) }
    }
  }

  private mutating func next(_ state: Int, _ scalar: Unicode.Scalar) -> Int {
    let key = UInt64(state) << 32 | UInt64(scalar.value)
    if let next = transitions[key] { return next }
    let candidates = state == 0 ? start : states[state].positions.flatMap { follow[$0] }
    let positions = Set(candidates).filter { classes[$0](scalar) }.sorted()
    let next = positions.isEmpty ? -1 : self.state(positions)
    transitions[key] = next
    return next
  }

  private mutating func state(_ positions: [Int]) -> Int {
    if let state = known[positions] { return state }
    states.append(
      State(positions: positions, accepted: positions.compactMap { accepts[$0] }.min()))
    known[positions] = states.count - 1
    return states.count - 1
  }
}
