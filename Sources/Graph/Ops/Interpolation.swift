/// A grid of vectors at another size: cubic interpolation between grid points, along rows and columns.
///
/// Result row p stands at (p + 1/2) · h / H - 1/2 of the source, as the pixels of two pictures of one
/// scene do, and mixes the four source rows around it by Keys' cubic with a = -0.75; rows beyond an edge
/// are the edge's. Columns likewise. Nothing is averaged when the grid shrinks. At the same size
/// the result is `x` itself.
///
/// - Input: `x` f32[h, w, D]. - Result: f32[rows, columns, D]. All lengths are at least 1.
/// - Source: Keys 1981, "Cubic convolution interpolation for digital image processing", with PyTorch's
///   constant: its `interpolate` of mode "bicubic", `align_corners` and `antialias` false.
package struct Interpolate: OpDefinition {
  package static let mnemonic = "interpolate"
  package var rows: Dimension
  package var columns: Dimension

  package init(rows: Dimension, columns: Dimension) {
    self.rows = rows
    self.columns = columns
  }

  package init(_ a: Attributes) throws(GraphError) {
    self.init(rows: try a.dimension("rows"), columns: try a.dimension("columns"))
  }

  package var attributes: Attributes { ["rows": .dimension(rows), "columns": .dimension(columns)] }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, 1)
    return [try check.grid(inputs[0], rows, columns, "x")]
  }
}

/// The derivative of `interpolate`, whose source had `rows` and `columns`: each source vector takes
/// from every result what that took from it.
///
/// - Input: `dy` f32[H, W, D]. - Result: f32[rows, columns, D].
package struct InterpolateGradient: OpDefinition {
  package static let mnemonic = "interpolate_gradient"
  package var rows: Dimension
  package var columns: Dimension

  package init(rows: Dimension, columns: Dimension) {
    self.rows = rows
    self.columns = columns
  }

  package init(_ a: Attributes) throws(GraphError) {
    self.init(rows: try a.dimension("rows"), columns: try a.dimension("columns"))
  }

  package var attributes: Attributes { ["rows": .dimension(rows), "columns": .dimension(columns)] }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, 1)
    return [try check.grid(inputs[0], rows, columns, "dy")]
  }
}

extension TypeChecker {
  /// `input` must be f32[_, _, D], and no length known to be 0; the same with other rows and columns.
  fileprivate func grid(
    _ input: TensorType, _ rows: Dimension, _ columns: Dimension, _ name: String
  ) throws(GraphError) -> TensorType {
    try dtype(input, .f32, name)
    try rank(input, 3, name)
    for length in [rows, columns] + input.shape.prefix(2) {
      if let known = length.constant, known < 1 {
        throw fail("expected rows and columns of 1 or more, found \(length)")
      }
    }
    return .f32([rows, columns, input.shape[2]])
  }
}
