import CKernels
import Kernels
import Testing

/// A layer norm of embeddings, against the embeddings and then their layer norm.
@Suite struct EmbeddingNormTests {
  /// What is added to the rows of the table.
  private enum Addend: CaseIterable { case none, floats, table }

  private struct Form {
    var isPacked = false
    var addend = Addend.none
    var keepsFloat = true
    var levels = 0
  }

  private static let rows = 19
  // Some are of no row; those give zeros.
  private static let ids: [Int32] = [0, 7, 8, 18, 18, 3, -1, 19, .max, .min, 2, 5]
  private static let positions: [Int32] = [4, -1, 0, 5]

  private func check(_ form: Form, d: Int) {
    var random = Random(UInt64(d))
    let table = random.floats(Self.rows * d)
    let integers: [Int8] = random.integers(Self.rows * d, in: -127...127)
    let scales = random.floats(Self.rows)
    let positionTable = random.floats(5 * d)
    let (gamma, beta) = (random.floats(d), random.floats(d))
    let packed = Packing.packS8(integers, rows: Self.rows, columns: d).packed
    let (count, positions) = (Self.ids.count, Self.positions.count)
    everyWay("width \(d), \(form)") { run in
      let (x, residual) = (run.scratch(count * d), run.scratch(positions * d))
      let floats = ck_embedding_f32_args(
        count: count, rows: Self.rows, d: d, table: run.input(table), ids: run.input(Self.ids),
        y: x)
      let bytes = ck_embedding_s8_args(
        count: count, rows: Self.rows, d: d, table: run.input(packed),
        table_scales: run.input(scales), ids: run.input(Self.ids), y: x)
      let added = ck_embedding_f32_args(
        count: positions, rows: 5, d: d, table: run.input(positionTable),
        ids: run.input(Self.positions), y: residual)
      if form.isPacked {
        run.execute(CK_EMBEDDING_S8, bytes)
      } else {
        run.execute(CK_EMBEDDING_F32, floats)
      }
      run.execute(CK_EMBEDDING_F32, added)

      func norm(
        _ y: UnsafeMutablePointer<Float>, _ quantized: UnsafeMutablePointer<UInt8>,
        _ rows: UnsafeMutablePointer<Float>, scratch: Int
      ) -> ck_layer_norm_f32_args {
        let isInteger = form.levels > 0
        return ck_layer_norm_f32_args(
          rows: count, d: d, epsilon: 1e-5, x: x,
          residual: form.addend == .none ? nil : UnsafePointer(residual),
          residual_rows: positions, gamma: run.input(gamma), beta: run.input(beta),
          y: form.keepsFloat ? y : nil, quantized: isInteger ? quantized : nil,
          quantized_rows: isInteger ? rows : nil, levels: UInt32(form.levels),
          scratch: run.scratch(scratch))
      }
      let expected = (
        run.scratch(count * d), run.scratch(UInt8.self, count * d), run.scratch(count * 2)
      )
      run.execute(
        CK_LAYER_NORM_F32,
        norm(
          expected.0, expected.1, expected.2, scratch: ck_layer_norm_scratch(d, run.threads)))

      let floatCount = form.keepsFloat ? count * d : 0
      let integerCount = form.levels > 0 ? count : 0
      let y = run.output(Float.self, floatCount)
      let quantized = run.output(UInt8.self, integerCount * d)
      let rows = run.output(Float.self, integerCount * 2)
      var joined = ck_embedding_norm_f32_args()
      if form.isPacked { joined.packed = bytes } else { joined.table = floats }
      joined.norm = norm(
        y, quantized, rows, scratch: ck_embedding_norm_scratch(d, run.threads))
      if form.addend == .table {
        joined.residual = added
        joined.norm.residual = nil
      }
      // Only the tables are read.
      let read = form.addend == .floats ? [x] : [x, residual]
      for floats in read { floats.update(repeating: .nan, count: positions * d) }
      run.execute(CK_EMBEDDING_NORM_F32, joined)
      #expect(y.read(floatCount) == expected.0.read(floatCount))
      #expect(quantized.read(integerCount * d) == expected.1.read(integerCount * d))
      #expect(rows.read(integerCount * 2) == expected.2.read(integerCount * 2))
    }
  }

  @Test(arguments: [1, 3, 4, 7, 8, 9, 16, 33, 768])
  func isTheLayerNormOfTheEmbeddings(d: Int) {
    for isPacked in [false, true] {
      for addend in Addend.allCases {
        check(Form(isPacked: isPacked, addend: addend), d: d)
        check(Form(isPacked: isPacked, addend: addend, levels: 127), d: d)
        check(Form(isPacked: isPacked, addend: addend, keepsFloat: false, levels: 255), d: d)
      }
    }
  }
}
