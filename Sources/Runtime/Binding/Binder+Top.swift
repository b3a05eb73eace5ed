import CKernels
import Diagnostics
import Formats

/// The greatest columns of the rows of an output; see `ck_top_u8s8_args`.
package struct TopColumns {
  /// How many there are of a row.
  static let count = Int(CK_CANDIDATES)

  /// [rows, count]: greatest first, −∞ where there are no more.
  let values: UnsafePointer<Float>
  /// [rows, count]: the column of each, −1 where there are no more.
  let columns: UnsafePointer<Int32>
  /// By row.
  let maxima: UnsafePointer<Float>
  /// By row: Σ e^(x − maximum).
  let sums: UnsafePointer<Double>
}

/// The buffers of ``TopColumns``.
struct TopBuffers {
  let values: Int
  let columns: Int
  let maxima: Int
  let sums: Int

  var results: [Int] { [values, columns, maxima, sums] }

  func bound(_ memory: BoundMemory) -> TopColumns {
    TopColumns(
      values: memory.f32(values), columns: memory.i32(columns), maxima: memory.f32(maxima),
      sums: memory.f64(sums))
  }
}

extension Binder {
  /// Before the projection that makes the ranked output: a call that finds the greatest columns of its
  /// rows without writing them, if that is the last step and nothing is added to it.
  ///
  /// A run then makes either call, so whoever needs a few columns of a row saves writing and reading all.
  mutating func emitTop(
    of view: StepView, arguments: @escaping (BoundMemory) -> ck_linear_u8s8_args
  ) throws(InputError) {
    let output = function.outputs.first { $0.name == ranked }
    guard let output, view.results.count == 1, view.results[0].index == output.tensor,
      stepIndex == function.steps.count - 1, !view.step.hasResidual
    else { return }
    let (m, n) = (view.match.rows, view.match["N"])
    let list = m * Int(CK_CANDIDATES)
    let top = TopBuffers(
      values: try scratch(floats: list, for: view), columns: try scratch(floats: list, for: view),
      maxima: try scratch(floats: m, for: view), sums: try scratch(floats: 2 * m, for: view))
    let scratch = try scratch(floats: ck_top_scratch(m, n, threads), for: view)
    emit(
      KernelCall(
        CK_TOP_U8S8, reads: view.operands.map(\.root), writes: top.results + [scratch]
      ) { memory in
        ck_top_u8s8_args(
          linear: arguments(memory), logits: memory.f32(top.values), ids: memory.i32(top.columns),
          maxima: memory.f32(top.maxima), sums: memory.f64(top.sums),
          scratch: memory.f32(scratch))
      })
    self.top = top
  }
}
