package import Formats

/// The learnt numbers, their gradients and AdamW's two moments: four flat buffers of one layout.
///
/// One layout lets the optimizer and the norm walk everything in one sweep, and lets the compiled
/// step read parameters as the weights of its plan. Gaps between tensors stay 0.
package final class ParameterBuffers {
  /// Where each parameter lies; offsets in bytes are the same in all four buffers.
  package let table: [PlanWeight]
  /// Floats in each buffer.
  package let count: Int
  package let values: UnsafeMutablePointer<Float>
  package let gradients: UnsafeMutablePointer<Float>
  package let firstMoments: UnsafeMutablePointer<Float>
  package let secondMoments: UnsafeMutablePointer<Float>

  /// All zeros.
  package init(table: [PlanWeight]) {
    precondition(table.allSatisfy { $0.dtype == .f32 && $0.layout == .dense }, "not trainable")
    self.table = table
    let count = (table.map { $0.offset + $0.byteCount }.max() ?? 0) / 4
    self.count = count
    values = Self.zeros(count)
    gradients = Self.zeros(count)
    firstMoments = Self.zeros(count)
    secondMoments = Self.zeros(count)
  }

  /// A buffer of so many zeros, for the caller to deallocate.
  static func zeros(_ count: Int) -> UnsafeMutablePointer<Float> {
    let bytes = UnsafeMutableRawPointer.allocate(byteCount: max(64, count * 4), alignment: 64)
    let floats = bytes.bindMemory(to: Float.self, capacity: count)
    floats.initialize(repeating: 0, count: count)
    return floats
  }

  deinit {
    for buffer in [values, gradients, firstMoments, secondMoments] { buffer.deallocate() }
  }

  /// The part of `buffer` (one of the four) that is the parameter `weight`.
  package func slice(
    _ buffer: UnsafeMutablePointer<Float>, _ weight: PlanWeight
  ) -> UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: buffer + weight.offset / 4, count: weight.byteCount / 4)
  }
}
