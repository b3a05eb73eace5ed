/// What one projection multiplies, cheapest first.
package enum ProjectionPrecision: String, Sendable, CaseIterable, Comparable {
  /// 7-bit activations by 8-bit weights: two products fit the int16 of AVX2's multiply-add.
  case u7
  /// 8-bit activations by 8-bit weights: as exact, with half the error of the rows; half as fast on
  /// AVX2, equally fast where products are added up in int32.
  case u8
  /// Floats.
  case f32

  /// Levels of the activations; nil for floats.
  package var levels: Int? {
    switch self {
    case .u7: 127
    case .u8: 255
    case .f32: nil
    }
  }

  /// How many blocks of products are to fit an int16, where so many are wanted: with 8-bit activations
  /// weights would lose more than they gain.
  func groups(_ wanted: ProductGroups) -> ProductGroups { self == .u7 ? wanted : .exactly(1) }

  package static func < (a: ProjectionPrecision, b: ProjectionPrecision) -> Bool {
    // Floats are above all levels.
    (a.levels ?? .max) < (b.levels ?? .max)
  }
}
