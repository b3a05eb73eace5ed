package import Formats

/// The parameters, their gradients and AdamW's two moments: four flat buffers of one layout.
///
/// One layout lets the optimizer and the norm walk everything in one sweep, and lets the compiled
/// step read parameters as the weights of its plan. Gaps between tensors stay 0. Parameters that do
/// not learn lie at the end, where the other three buffers have ended.
package final class ParameterBuffers {
  /// Where each parameter lies; offsets in bytes are the same in all four buffers.
  package let table: [PlanWeight]
  /// Those that learn.
  package let learnt: [PlanWeight]
  /// Floats in the buffers of gradients and moments, and those of the parameters they are for.
  package let count: Int
  package let values: UnsafeMutablePointer<Float>
  package let gradients: UnsafeMutablePointer<Float>
  package let firstMoments: UnsafeMutablePointer<Float>
  package let secondMoments: UnsafeMutablePointer<Float>

  /// All zeros.
  ///
  /// - Precondition: those `frozen` lie behind the others.
  package init(table: [PlanWeight], frozen: Set<String> = []) {
    precondition(table.allSatisfy { $0.dtype == .f32 && $0.layout == .dense }, "not trainable")
    self.table = table
    learnt = table.filter { !frozen.contains($0.name) }
    func end(_ weights: [PlanWeight]) -> Int {
      (weights.map { $0.offset + $0.byteCount }.max() ?? 0) / 4
    }
    let count = end(learnt)
    precondition(
      table.allSatisfy { !frozen.contains($0.name) || $0.offset / 4 >= count }, "in two parts")
    self.count = count
    values = Self.zeros(end(table))
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

  /// The part of `buffer` (one of the four) that is the parameter `weight`, one that learns unless the
  /// buffer is `values`.
  package func slice(
    _ buffer: UnsafeMutablePointer<Float>, _ weight: PlanWeight
  ) -> UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: buffer + weight.offset / 4, count: weight.byteCount / 4)
  }
}
