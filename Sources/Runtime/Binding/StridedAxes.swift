import CKernels

/// Axes that several tensors are walked along, each with its own strides, in as few axes as will do.
struct StridedAxes {
  private(set) var lengths: [Int] = []
  /// By tensor, then by axis.
  private(set) var strides: [[Int]]

  /// Collapses axes: those of length 1 go, and neighbours that every tensor passes through without a
  /// jump become one.
  ///
  /// - Parameters:
  ///   - lengths: per axis.
  ///   - strides: per tensor, one stride per axis, in elements; 0 repeats.
  init(_ lengths: [Int], _ strides: [[Int]]) {
    self.strides = [[Int]](repeating: [], count: strides.count)
    for axis in lengths.indices where lengths[axis] != 1 {
      let joins = strides.indices.allSatisfy { tensor in
        self.strides[tensor].last == strides[tensor][axis] * lengths[axis]
      }
      if joins, let last = self.lengths.indices.last {
        self.lengths[last] *= lengths[axis]
        for tensor in strides.indices { self.strides[tensor][last] = strides[tensor][axis] }
      } else {
        self.lengths.append(lengths[axis])
        for tensor in strides.indices { self.strides[tensor].append(strides[tensor][axis]) }
      }
    }
  }

  /// Whether `tensor` is passed element by element, without repetition or gap.
  func isDense(_ tensor: Int) -> Bool { strides[tensor] == denseStrides(lengths) }
}

/// An array of CK_MAX_RANK sizes as C structs hold it.
typealias RankArray = (Int, Int, Int, Int, Int, Int)

/// `values`, then zeros.
///
/// - Precondition: no more than CK_MAX_RANK values.
func rankArray(_ values: [Int]) -> RankArray {
  precondition(values.count <= Int(CK_MAX_RANK), "an op of more than 6 axes")
  func value(_ axis: Int) -> Int { axis < values.count ? values[axis] : 0 }
  return (value(0), value(1), value(2), value(3), value(4), value(5))
}
