extension PlanWeight {
  /// The length in bytes of a weight of this type, shape and layout; nil when it overflows, or
  /// when the layout does not suit the type.
  ///
  /// Packed, with N and K: ⌈N/8⌉·8 · ⌈K/4⌉·4 bytes of s8, rounded up to a multiple of 64; then 4·N
  /// bytes of sums. With four bits, ⌈N/8⌉ · K/32 · 136 bytes before the sums.
  package static func byteCount(dtype: PlanDType, shape: [Int], layout: PlanLayout) -> Int? {
    guard shape.allSatisfy({ $0 >= 0 }) else { return nil }
    switch layout {
    case .dense:
      return shape.reduce(dtype.byteCount) { (count: Int?, length) in product(count, length) }
    case .packedN8K4, .packedN8K32:
      guard dtype == .s8, shape.count == 2, let sums = product(shape[0], 4),
        let start = packedSumsOffset(rows: shape[0], columns: shape[1], layout)
      else { return nil }
      let (total, overflow) = start.addingReportingOverflow(sums)
      return overflow ? nil : total
    }
  }

  /// Where in a packed weight's bytes its column sums start, a multiple of 64; nil for a dense one.
  package var columnSumsOffset: Int? {
    guard layout.isPacked, shape.count == 2 else { return nil }
    return Self.packedSumsOffset(rows: shape[0], columns: shape[1], layout)
  }

  private static func packedSumsOffset(rows: Int, columns: Int, _ layout: PlanLayout) -> Int? {
    guard let rows = rounded(rows, to: 8) else { return nil }
    if layout == .packedN8K32 {
      guard columns.isMultiple(of: PlanLimits.fourBitGroup) else { return nil }
      return rounded(
        product(product(rows / 8, columns / PlanLimits.fourBitGroup), fourBitGroupBytes),
        to: PlanLimits.weightAlignment)
    }
    guard let columns = rounded(columns, to: 4) else { return nil }
    return rounded(product(rows, columns), to: PlanLimits.weightAlignment)
  }

  /// Bytes of eight rows' multipliers and four bits over one group of inputs.
  static let fourBitGroupBytes = 8 + 8 * PlanLimits.fourBitGroup / 2

  /// `value` rounded up to a multiple of `step`, nil when that overflows.
  static func rounded(_ value: Int?, to step: Int) -> Int? {
    guard let value else { return nil }
    let (sum, overflow) = value.addingReportingOverflow(step - 1)
    return overflow ? nil : sum / step * step
  }

  private static func product(_ a: Int?, _ b: Int) -> Int? {
    guard let a else { return nil }
    let (product, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? nil : product
  }
}

extension [PlanWeight] {
  /// The length of the weight segment when the weights lie one after the other, in the table's
  /// order, each at the next multiple of 64; sets their offsets and byte counts.
  ///
  /// The weights' types, shapes and layouts must be valid: it traps where they have no length.
  package mutating func placeInOrder() -> Int {
    var end = 0
    for index in indices {
      let weight = self[index]
      guard let offset = PlanWeight.rounded(end, to: PlanLimits.weightAlignment),
        let count = PlanWeight.byteCount(
          dtype: weight.dtype, shape: weight.shape, layout: weight.layout)
      else { preconditionFailure("weight '\(weight.name)' \(weight.shape) has no length") }
      self[index].offset = offset
      self[index].byteCount = count
      end = offset + count
    }
    return end
  }
}
