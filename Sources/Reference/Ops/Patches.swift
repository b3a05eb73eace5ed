import Graph

extension PatchForm {
  /// Calls `body` with every element of every patch that is on the map: its flat indices in the map
  /// and in the patches.
  fileprivate func forEachElement(
    batch: Int, channels: Int, height: Int, width: Int, _ body: (_ map: Int, _ patches: Int) -> Void
  ) {
    let (down, across) = (count(along: height), count(along: width))
    for (image, py, px) in triples(batch, down, across) {
      for (channel, row, column) in triples(channels, size, size) {
        let (y, x) = (py * stride + row - padding, px * stride + column - padding)
        guard (0..<height).contains(y), (0..<width).contains(x) else { continue }
        let patch = ((image * down + py) * across + px) * channels * size * size
        if channelsLast {
          body(
            ((image * height + y) * width + x) * channels + channel,
            patch + (row * size + column) * channels + channel)
        } else {
          body(
            ((image * channels + channel) * height + y) * width + x,
            patch + (channel * size + row) * size + column)
        }
      }
    }
  }

  private func triples(_ a: Int, _ b: Int, _ c: Int) -> [(Int, Int, Int)] {
    (0..<a * b * c).map { ($0 / (b * c), $0 / c % b, $0 % c) }
  }
}

extension Patches: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    let x = inputs[0]
    let (channels, height, width) =
      form.channelsLast
      ? (x.shape[3], x.shape[1], x.shape[2]) : (x.shape[1], x.shape[2], x.shape[3])
    var y = Tensor.filled([
      x.shape[0], form.count(along: height) * form.count(along: width),
      channels * form.size * form.size,
    ])
    form.forEachElement(batch: x.shape[0], channels: channels, height: height, width: width) {
      y.values[$1] = x.values[$0]
    }
    return [y]
  }
}

extension PatchesGradient: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    let dy = inputs[0]
    let (batch, channels) = (dy.shape[0], dy.width / (form.size * form.size))
    var dx = Tensor.filled(
      form.channelsLast ? [batch, height, width, channels] : [batch, channels, height, width])
    form.forEachElement(batch: batch, channels: channels, height: height, width: width) {
      dx.values[$0] += dy.values[$1]
    }
    return [dx]
  }
}
