import Graph

/// What image encoders with windows have beside the rest. Standard operators know no windows, so what
/// follows from their geometry is in the file as tables.
extension ONNXExporter {
  /// Patches that overlap, stand apart or have zeros around them, picked from the map by their places.
  mutating func gatheredPatches(_ map: String, _ shape: Shape, _ form: PatchForm) -> String {
    let sides = form.channelsLast ? Array(shape[1..<3]) : Array(shape[2...])
    let (height, width) = (sides[0].constant ?? 0, sides[1].constant ?? 0)
    let channels = shape[form.channelsLast ? 3 : 1].constant ?? 0
    let (padding, size, stride) = (form.padding, form.size, form.stride)
    let (paddedHeight, paddedWidth) = (height + 2 * padding, width + 2 * padding)
    let columns = form.count(along: width)
    let patches = form.count(along: height) * columns

    var x = form.channelsLast ? map : emit("Transpose", [map], ["perm": .ints([0, 2, 3, 1])])
    if padding > 0 {
      x = emit("Pad", [x, ints([0, padding, padding, 0, 0, padding, padding, 0])])
    }
    x = emit("Reshape", [x, ints([0, paddedHeight * paddedWidth, channels])])
    let places = table("places \(form) \(height) \(width)", [patches * size * size]) {
      var places: [Int] = []
      for patch in 0..<patches {
        let (top, left) = (patch / columns * stride, patch % columns * stride)
        for row in top..<top + size {
          places += (left..<left + size).map { row * paddedWidth + $0 }
        }
      }
      return .ints(places)
    }
    x = emit("Gather", [x, places], ["axis": .int(1)])
    if !form.channelsLast {
      let split = emit("Reshape", [x, ints([0, patches, size * size, channels])])
      x = emit("Transpose", [split], ["perm": .ints([0, 1, 3, 2])])
    }
    return emit("Reshape", [x, ints([0, patches, size * size * channels])])
  }

  /// For every pair of a window's tokens, the row of its table of biases.
  mutating func relativeIndex(_ op: RelativeIndex) -> String {
    let (side, tokens) = (op.window, op.window * op.window)
    return table("relative index \(side)", [tokens, tokens]) {
      .ints(
        (0..<tokens * tokens).map { pair in
          let (query, key) = (pair / tokens, pair % tokens)
          let (down, across) = (query / side - key / side, query % side - key % side)
          return (down + side - 1) * (2 * side - 1) + across + side - 1
        })
    }
  }

  /// −∞ between tokens of a window that were not neighbours before the map was rolled.
  mutating func windowMask(_ op: WindowMask) -> String {
    let (across, tokens) = (op.width / op.window, op.window * op.window)
    let windows = op.height / op.window * across
    /// Which part of its side a token is from: its own, or what came round.
    func part(_ position: Int, of length: Int) -> Int {
      position < length - op.window ? 0 : position < length - op.shift ? 1 : 2
    }
    return table("window mask \(op)", [windows, tokens, tokens]) {
      .floats(
        (0..<windows).flatMap { window in
          let regions = (0..<tokens).map { token in
            let row = window / across * op.window + token / op.window
            let column = window % across * op.window + token % op.window
            return [part(row, of: op.height), part(column, of: op.width)]
          }
          return regions.flatMap { query in regions.map { $0 == query ? 0 : -Float.infinity } }
        })
    }
  }

  /// Scores [B, H, S, T] with a bias [W, H, S, T] that repeats after W batch elements.
  mutating func biased(_ scores: String, by bias: String, _ shape: Shape) -> String {
    if shape[0] == 1 { return emit("Add", [scores, bias]) }
    let lengths = shape.map { $0.constant ?? 0 }
    let divided = emit("Reshape", [scores, ints([-1] + lengths)])
    let sum = emit("Add", [divided, bias])
    return emit("Reshape", [sum, ints([-1] + lengths.dropFirst())])
  }
}
