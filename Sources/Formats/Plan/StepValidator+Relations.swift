import Diagnostics

/// What an opcode asks between its operands, results and attributes beyond its patterns.
extension StepValidator {
  mutating func relations() throws(InputError) {
    switch step.opcode {
    case .linear, .quantizedLinear: try projection()
    case .matMul: try matMul()
    case .attention, .cachedAttention, .quantizedAttention, .attentionGradient: try heads()
    case .add, .multiply:
      try broadcasts(operand(0), field("operands", 0))
      try broadcasts(operand(1), field("operands", 1))
      try rank(result(0), max(operand(0).count, operand(1).count), field("results", 0))
    case .layerNorm: if step.hasResidual { try suffix(operand(1), of: operand(0)) }
    case .broadcast: try broadcasts(operand(0), field("operands", 0))
    case .transpose: try transpose()
    case .concat: try concat()
    case .slice: try slice(whole: operand(0), part: result(0))
    case .pad: try slice(whole: result(0), part: operand(0))
    case .sum: try sum()
    case .patches:
      try patches(operand(0), field("operands", 0), result(0), field("results", 0))
    case .patchesGradient:
      try patches(result(0), field("results", 0), operand(0), field("operands", 0))
    case .relativeIndex, .windowMask: try windows()
    case .interpolate, .interpolateGradient: try grids()
    case .keepRows: try keptRows()
    case .quantizeRows, .softmax, .prefixMask, .gelu, .scale, .exp, .rsqrt, .toHalf, .fill,
      .embedding, .dropout, .crossEntropy, .geluGradient, .softmaxGradient, .layerNormGradient,
      .embeddingGradient,
      .quantizedEmbedding,
      .crossEntropyGradient:
      break
    }
  }

  private func unfit(
    _ field: FieldPath, expected: String, found: [PlanDimension]
  ) -> InputError {
    error(field, "does not fit the step", expected: expected, found: scope.lengths(found))
  }

  private func rank(
    _ shape: [PlanDimension], _ expected: Int, _ field: FieldPath
  ) throws(InputError) {
    guard shape.count == expected else {
      throw unfit(field, expected: "rank \(expected)", found: shape)
    }
  }

  /// The results' columns add up to the weight's rows, and a residual goes with one result.
  private func projection() throws(InputError) {
    let weight = operand(step.opcode == .linear ? 1 : 2)
    if step.hasResidual {
      try scope.base.count(step.results.count, 1...1, field("results"))
      let index = step.operands.count - 1
      try suffix(operand(index), of: result(0), field("operands", index))
    }
    var sum = 0
    for index in step.results.indices {
      guard let columns = result(index).last?.constant else { return }
      sum += columns  // at most 4 · 2^40
    }
    guard let columns = weight[0].constant, columns != sum else { return }
    throw error(
      field("results"), "have the wrong number of columns", expected: "\(columns) together",
      found: "\(sum)")
  }

  private mutating func matMul() throws(InputError) {
    try match(step.transposeA ? "…KM" : "…MK", operand(0), "a", field("operands", 0))
    let serves = operand(1).count == 2
    let b: ShapePattern =
      step.transposeB ? (serves ? "NK" : "…NK") : (serves ? "KN" : "…KN")
    try match(b, operand(1), "b", field("operands", 1))
    try match("…MN", result(0), "c", field("results", 0))
  }

  private func heads() throws(InputError) {
    if let width = operand(0)[2].constant, width % step.heads != 0 {
      throw error(
        field("heads"), "does not divide the width", expected: "a divisor of \(width)",
        found: "\(step.heads)")
    }
    guard step.hasBias else { return }
    let (bias, batch) = (operand(3), operand(0)[0])
    let divides = bias[0].constant.map { groups in
      groups > 0 && batch.constant.map { $0 % groups == 0 } ?? true
    }
    guard bias[1].canEqual(PlanDimension(step.heads)), divides ?? true else {
      throw unfit(
        field("operands", 3), expected: "\(step.heads) heads for a part of the batch", found: bias)
    }
  }

  private func windows() throws(InputError) {
    guard let shape = step.windowShape else {
      throw error(
        field("axes"), "are no windows", expected: "sides that a window divides",
        found: "\(step.axes)")
    }
    guard zip(result(0), shape).allSatisfy({ $0.canEqual(PlanDimension($1)) }) else {
      throw unfit(field("results", 0), expected: "\(shape)", found: result(0))
    }
  }

  /// `part` repeats along the leading axes of `whole`.
  private func suffix(
    _ part: [PlanDimension], of whole: [PlanDimension], _ at: FieldPath? = nil
  ) throws(InputError) {
    guard part.count <= whole.count,
      zip(part, whole.suffix(part.count)).allSatisfy({ $0.canEqual($1) })
    else {
      throw unfit(
        at ?? field("operands", 1), expected: "the last axes of \(scope.lengths(whole))",
        found: part)
    }
  }

  /// NumPy's rule: aligned at the last axis, a length of 1 stretches.
  private func broadcasts(_ shape: [PlanDimension], _ field: FieldPath) throws(InputError) {
    let target = result(0)
    guard shape.count <= target.count,
      zip(shape, target.suffix(shape.count))
        .allSatisfy({ $0.constant == 1 || $0.canEqual($1) })
    else { throw unfit(field, expected: "to stretch to \(scope.lengths(target))", found: shape) }
  }

  private func transpose() throws(InputError) {
    let (x, y) = (operand(0), result(0))
    guard step.axes.sorted() == Array(x.indices) else {
      throw error(
        field("axes"), "is no permutation", expected: "each of the \(x.count) axes once",
        found: "\(step.axes)")
    }
    guard x.count == y.count, step.axes.indices.allSatisfy({ x[step.axes[$0]].canEqual(y[$0]) })
    else {
      throw unfit(
        field("results", 0), expected: scope.lengths(step.axes.map { x[$0] }), found: y)
    }
  }

  /// The one axis of CONCAT, SLICE and PAD.
  private func axis(of shape: [PlanDimension]) throws(InputError) -> Int {
    guard step.axes.count == 1, let axis = step.axes.first, shape.indices.contains(axis) else {
      throw error(
        field("axes"), "is no axis", expected: "one below \(shape.count)", found: "\(step.axes)")
    }
    return axis
  }

  private func sameBut(
    _ axis: Int, _ shape: [PlanDimension], _ other: [PlanDimension], _ field: FieldPath
  ) throws(InputError) {
    guard shape.count == other.count,
      shape.indices.allSatisfy({ $0 == axis || shape[$0].canEqual(other[$0]) })
    else {
      throw unfit(
        field, expected: "\(scope.lengths(other)) but for axis \(axis)", found: shape)
    }
  }

  private func concat() throws(InputError) {
    let y = result(0)
    let axis = try axis(of: y)
    var sum: Int? = 0
    for index in step.operands.indices {
      try sameBut(axis, operand(index), y, field("operands", index))
      // At most 1024 · 2^40.
      sum = sum.flatMap { sum in operand(index)[axis].constant.map { sum + $0 } }
    }
    guard let sum, let length = y[axis].constant, sum != length else { return }
    throw unfit(field("results", 0), expected: "length \(sum) of axis \(axis)", found: y)
  }

  private func slice(whole: [PlanDimension], part: [PlanDimension]) throws(InputError) {
    let axis = try axis(of: whole)
    try sameBut(axis, part, whole, field)
    guard let start = step.start?.constant, let length = part[axis].constant,
      let end = whole[axis].constant, start + length > end
    else { return }
    throw error(
      field("start"), "leads outside the axis", expected: "at most \(end - length)",
      found: "\(start)")
  }

  private func sum() throws(InputError) {
    let (x, y) = (operand(0), result(0))
    guard step.axes.allSatisfy(x.indices.contains),
      zip(step.axes, step.axes.dropFirst()).allSatisfy({ $0 < $1 })
    else {
      throw error(
        field("axes"), "are not axes", expected: "ascending, below \(x.count)",
        found: "\(step.axes)")
    }
    let kept = x.indices.filter { !step.axes.contains($0) }.map { x[$0] }
    guard kept.count == y.count, zip(kept, y).allSatisfy({ $0.canEqual($1) }) else {
      throw unfit(field("results", 0), expected: scope.lengths(kept), found: y)
    }
  }

  /// No more rows stay than there are; what hangs on symbols is compared when it is bound.
  private func keptRows() throws(InputError) {
    guard let rows = operand(0)[1].constant, let kept = result(0)[1].constant, kept > rows else {
      return
    }
    throw unfit(field("results", 0), expected: "at most \(rows) rows", found: result(0))
  }

  /// There is a value to interpolate between.
  private func grids() throws(InputError) {
    for (shape, at) in [(operand(0), field("operands", 0)), (result(0), field("results", 0))] {
      guard shape.prefix(2).allSatisfy({ $0.constant != 0 }) else {
        throw unfit(at, expected: "rows and columns", found: shape)
      }
    }
  }

  /// Patches of a map, or the map of their derivatives.
  ///
  /// Sides of patches side by side may hang on symbols; then they are compared when they are bound.
  private func patches(
    _ map: [PlanDimension], _ mapField: FieldPath, _ y: [PlanDimension], _ yField: FieldPath
  ) throws(InputError) {
    guard let form = PlanPatches(axes: step.axes) else {
      throw error(
        field("axes"), "are no patches",
        expected: "size, stride, padding below the size, 1 or 3; sides to \(PlanLimits.imageSize)",
        found: "\(step.axes)")
    }
    // Sides and padding are at most 2^14, so counts are below 2^16; nil where one is not known.
    var count: Int? = 1
    for axis in [form.sideAxes.height, form.sideAxes.width] {
      guard let length = map[axis].constant else {
        if form.isSideBySide {
          count = nil
          continue
        }
        throw unfit(mapField, expected: "known sides for patches that overlap", found: map)
      }
      guard let along = form.count(along: length) else {
        throw unfit(
          mapField, expected: "sides to \(PlanLimits.imageSize) that hold a patch", found: map)
      }
      count = count.map { $0 * along }
    }
    if let count, !y[1].canEqual(PlanDimension(count)) {
      throw unfit(yField, expected: "\(count) patches", found: y)
    }
    guard let channels = map[form.channelAxis].constant, let values = y[2].constant else { return }
    let (expected, overflow) = channels.multipliedReportingOverflow(by: form.size * form.size)
    guard !overflow, values == expected else {
      throw unfit(yField, expected: "\(channels)*\(form.size)*\(form.size) values", found: y)
    }
  }
}
