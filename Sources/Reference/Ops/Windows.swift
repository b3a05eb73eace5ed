import Graph

extension RelativeIndex: Evaluable {
  func evaluate(_: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    let tokens = (0..<window * window).map { (row: $0 / window, column: $0 % window) }
    let indices = tokens.flatMap { query in
      tokens.map { key in
        let (down, across) = (query.row - key.row, query.column - key.column)
        return (down + window - 1) * (2 * window - 1) + across + window - 1
      }
    }
    return [.i32([tokens.count, tokens.count], indices)]
  }
}

extension WindowMask: Evaluable {
  /// The region of a rolled position along an axis.
  private func region(_ position: Int, of length: Int) -> Int {
    position < length - window ? 0 : position < length - shift ? 1 : 2
  }

  func evaluate(_: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    let (down, across, tokens) = (height / window, width / window, window * window)
    var values: [Double] = []
    for index in 0..<down * across {
      let regions = (0..<tokens).map { token in
        let row = index / across * window + token / window
        let column = index % across * window + token % window
        return region(row, of: height) * 3 + region(column, of: width)
      }
      for query in regions { values += regions.map { $0 == query ? 0 : -Double.infinity } }
    }
    return [.f32([down * across, tokens, tokens], values)]
  }
}
