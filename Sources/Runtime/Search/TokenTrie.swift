/// Token sequences, to be walked token by token.
///
/// - Source: the trie of the original repository's ImageNet decoder.
package struct TokenTrie: Sendable, Equatable {
  private struct Edge: Sendable, Equatable {
    let token: Int
    let node: Int
  }

  private struct Node: Sendable, Equatable {
    /// In order of token.
    var edges: [Edge] = []
    /// The fewest tokens from here to an end.
    var shortest = Int.max
    /// The sequence that ends here.
    var sequence: Int?

    func child(_ token: Int) -> Int? {
      var (low, high) = (0, edges.count)
      while low < high {
        let middle = (low + high) / 2
        if edges[middle].token < token { low = middle + 1 } else { high = middle }
      }
      return low < edges.count && edges[low].token == token ? edges[low].node : nil
    }
  }

  private var nodes = [Node()]

  /// - Parameter sequences: their last tokens occur nowhere else in them, so that none begins another;
  ///   of equal ones the first counts.
  /// - Precondition: no sequence is empty.
  package init(_ sequences: [[Int]]) {
    for (index, sequence) in sequences.enumerated() {
      precondition(!sequence.isEmpty, "a sequence has a token")
      var node = 0
      for (position, token) in sequence.enumerated() {
        nodes[node].shortest = min(nodes[node].shortest, sequence.count - position)
        if let child = nodes[node].child(token) {
          node = child
        } else {
          let place = nodes[node].edges.firstIndex { $0.token > token }
          nodes[node].edges.insert(
            Edge(token: token, node: nodes.count), at: place ?? nodes[node].edges.count)
          node = nodes.count
          nodes.append(Node())
        }
      }
      nodes[node].shortest = 0
      if nodes[node].sequence == nil { nodes[node].sequence = index }
    }
  }

  /// The tokens of the shortest sequence.
  package var shortest: Int { nodes[0].shortest }

  /// The index of a sequence.
  package func index(of sequence: some Sequence<Int>) -> Int? {
    node(after: sequence).flatMap { nodes[$0].sequence }
  }

  /// The tokens that may follow `text` in a sequence of at most `limit` tokens, in order of id.
  package func next(after text: [Int], limit: Int) -> [Int] {
    guard let node = node(after: text) else { return [] }
    let room = limit - text.count - 1
    return nodes[node].edges.lazy.filter { nodes[$0.node].shortest <= room }.map(\.token)
  }

  private func node(after text: some Sequence<Int>) -> Int? {
    var node = 0
    for token in text {
      guard let child = nodes[node].child(token) else { return nil }
      node = child
    }
    return node
  }
}
