import CKernels
import Kernels

/// An int8 product with one result that a kernel takes further.
struct QuantizedProduct {
  var m = 1
  var n = 1
  var k = 8
  var range = QuantizedRange(levels: 127, groups: 2)
  var activation = CK_ACTIVATION_NONE
  var bias: (Int) -> Float = { _ in 0 }
  /// Zeros where not given: only the bias tells columns apart.
  var seed: UInt64?

  /// Its operands for one run, with results to write or none.
  ///
  /// - Returns: how kernels that write results, and those that do not, are told of it.
  func make(in run: Run) -> (UnsafeMutablePointer<Float>?) -> ck_linear_u8s8_args {
    var random = Random(seed ?? 1)
    let x: [UInt8] = random.integers(m * k, in: 0...range.levels)
    let bound = seed == nil ? 0 : range.magnitude
    let w: [Int8] = random.integers(n * k, in: -bound...bound)
    let rows = (0..<m).flatMap { _ in [Float.random(in: 0.01...0.02, using: &random), 3] }
    let wScales = run.input(random.floats(n, in: 0.005...0.01))
    let (packed, columnSums) = Packing.packS8(w, rows: n, columns: k)
    var epilogue = ck_epilogue()
    epilogue.bias = UnsafePointer(run.input((0..<n).map(bias)))
    epilogue.activation = activation
    (epilogue.split_count, epilogue.split_columns.0) = (1, n)
    let arguments = ck_linear_u8s8_args(
      m: m, n: n, k: k, groups: range.groups, x: run.input(x), rows: run.input(rows),
      w: run.input(packed), column_sums: run.input(columnSums), w_scales: wScales,
      epilogue: epilogue)
    return { results in
      var product = arguments
      product.epilogue.results.0 = results
      return product
    }
  }
}
