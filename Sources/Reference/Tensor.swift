package import Graph

/// Numbers with a shape, as the interpreter sees them.
///
/// Every element is a Double: an f32 that no rounding has touched, or an integer exactly.
package struct Tensor: Sendable, Equatable {
  package var dtype: DType
  /// Outermost first; empty for a scalar.
  package var shape: [Int]
  /// Row-major.
  package var values: [Double]

  /// - Precondition: one value per element of `shape`.
  package init(_ dtype: DType, _ shape: [Int], _ values: [Double]) {
    precondition(
      shape.reduce(1, *) == values.count, "\(values.count) values do not fill \(shape)")
    self.dtype = dtype
    self.shape = shape
    self.values = values
  }

  /// An f32 tensor of these values.
  package static func f32(_ shape: [Int], _ values: [Double]) -> Tensor {
    Tensor(.f32, shape, values)
  }

  /// An i32 tensor of these values.
  package static func i32(_ shape: [Int], _ values: [Int]) -> Tensor {
    Tensor(.i32, shape, values.map(Double.init))
  }

  /// An f32 tensor of one value everywhere.
  package static func filled(_ shape: [Int], _ value: Double = 0) -> Tensor {
    .f32(shape, [Double](repeating: value, count: shape.reduce(1, *)))
  }

  /// The elements as integers; for i32, u8 and s8.
  package var integers: [Int] { values.map { Int($0) } }

  /// The length of the last axis, 1 for a scalar.
  package var width: Int { shape.last ?? 1 }

  /// The number of rows along the last axis.
  package var rowCount: Int { shape.dropLast().reduce(1, *) }

  /// Row `index` along the last axis.
  package func row(_ index: Int) -> ArraySlice<Double> {
    values[index * width..<(index + 1) * width]
  }
}

extension Tensor {
  /// Elements to step over per axis, for the row-major order.
  var strides: [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    return strides
  }

  /// The tensor of `shape` whose elements are picked from this one.
  ///
  /// Element (i, j, …) is element offset + i·strides[0] + j·strides[1] + … of this one. Every
  /// movement of data is such a gather.
  func gathered(_ shape: [Int], strides: [Int], offset: Int = 0) -> Tensor {
    var result: [Double] = []
    result.reserveCapacity(shape.reduce(1, *))
    func walk(_ axis: Int, _ source: Int) {
      if axis == shape.count { return result.append(values[source]) }
      for index in 0..<shape[axis] { walk(axis + 1, source + index * strides[axis]) }
    }
    walk(0, offset)
    return Tensor(dtype, shape, result)
  }

  /// This tensor repeated to `shape` under NumPy's rule.
  func broadcast(to shape: [Int]) -> Tensor {
    if shape == self.shape { return self }
    let missing = shape.count - self.shape.count
    let strides = strides
    return gathered(
      shape,
      strides: shape.indices.map {
        $0 < missing || self.shape[$0 - missing] == 1 ? 0 : strides[$0 - missing]
      })
  }

  /// The axes in another order.
  func transposed(_ permutation: [Int]) -> Tensor {
    let strides = strides
    return gathered(permutation.map { shape[$0] }, strides: permutation.map { strides[$0] })
  }

  /// Each element changed by `function`.
  func map(_ function: (Double) -> Double) -> Tensor { Tensor(dtype, shape, values.map(function)) }

  /// Each row along the last axis changed by `function`, which keeps its length.
  func mapRows(_ function: (ArraySlice<Double>) -> [Double]) -> Tensor {
    Tensor(dtype, shape, (0..<rowCount).flatMap { function(row($0)) })
  }
}
