import Randomness

/// Smooth noise over the unit square: random values on a grid, blended in between.
struct ValueNoise {
  private var random: SeededRandom
  private let side: Int

  /// Noise for `side` × `side` pixels; every octave added draws on from the seed.
  init(seed: UInt64, side: Int) {
    random = SeededRandom(seed)
    self.side = side
  }

  /// Adds noise between 0 and `strength`, with `columns` × `rows` cells to pixels in rows from the top.
  mutating func add(
    to pixels: UnsafeMutableBufferPointer<Float>, columns: Int, rows: Int, strength: Float
  ) {
    let stride = columns + 1
    var grid: [Float] = []
    grid.reserveCapacity(stride * (rows + 1))
    for _ in 0..<stride * (rows + 1) { grid.append(strength * Float(random.unit())) }
    let columnStep = Float(columns) / Float(side)
    let rowStep = Float(rows) / Float(side)
    grid.withUnsafeBufferPointer { grid in
      for row in 0..<side {
        let y = (Float(row) + 0.5) * rowStep
        let top = Int(y)
        let down = SceneBackdrop.ramp(y - Float(top))
        let line = top * stride
        for column in 0..<side {
          let x = (Float(column) + 0.5) * columnStep
          let left = Int(x)
          let right = SceneBackdrop.ramp(x - Float(left))
          let corner = line + left
          let upper = grid[corner] + right * (grid[corner + 1] - grid[corner])
          let below = corner + stride
          let lower = grid[below] + right * (grid[below + 1] - grid[below])
          pixels[row * side + column] += upper + down * (lower - upper)
        }
      }
    }
  }
}
