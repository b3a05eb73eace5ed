/// The number types a safetensors file can hold here, by their names in its header.
package enum SafetensorsDType: String, Sendable, CaseIterable {
  case f32 = "F32", f16 = "F16", bf16 = "BF16", i64 = "I64", i32 = "I32", u8 = "U8", i8 = "I8"
  case bool = "BOOL"

  /// Bytes of one element.
  package var byteCount: Int {
    switch self {
    case .i64: 8
    case .f32, .i32: 4
    case .f16, .bf16: 2
    case .u8, .i8, .bool: 1
    }
  }

  /// Whether a ``WeightTensor`` can hold it.
  package var isFloat: Bool { [.f32, .f16, .bf16].contains(self) }
}

/// One tensor of a safetensors file.
package struct SafetensorsEntry: Sendable, Equatable {
  package let dtype: SafetensorsDType
  /// Outermost axis first; empty for a scalar.
  package let shape: [Int]
  /// Bytes of the file.
  package let range: Range<Int>
}
