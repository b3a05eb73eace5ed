/// The number type of a tensor's elements.
package enum DType: String, Hashable, Sendable, CaseIterable {
  /// IEEE binary32.
  case f32
  /// Token ids, positions, indices.
  case i32
  /// Quantized activations.
  case u8
  /// Quantized weights, in [-127, 127].
  case s8
  /// IEEE binary16: what is kept in half the memory, and computed with as f32.
  case f16

  /// Bytes of one element.
  package var byteCount: Int {
    switch self {
    case .f32, .i32: 4
    case .f16: 2
    case .u8, .s8: 1
    }
  }
}

/// What is known of a value before it is computed: element type and shape.
package struct TensorType: Hashable, Sendable, CustomStringConvertible {
  package var dtype: DType
  package var shape: Shape

  package init(_ dtype: DType, _ shape: Shape) {
    self.dtype = dtype
    self.shape = shape
  }

  /// A float tensor of this shape.
  package static func f32(_ shape: Shape) -> TensorType { TensorType(.f32, shape) }

  /// As in the text form: `f32[B, 197*F + T, 768]`.
  package var description: String {
    "\(dtype.rawValue)[\(shape.map(\.description).joined(separator: ", "))]"
  }
}

/// A graph that breaks a rule: an op given the wrong types, a value used before it is defined.
package struct GraphError: Error, Equatable, CustomStringConvertible {
  /// What, expected and found in one sentence, naming the op.
  package var message: String

  package init(_ message: String) { self.message = message }

  package var description: String { message }
}
