import CKernels
import Testing

@Suite struct WindowsTests {
  @Test(arguments: [1, 2, 3, 7, 8]) func indexIsTheOffsetOfTwoTokens(window: Int) {
    let expected = indices([window, window, window, window]).map { i in
      Int32((i[0] - i[2] + window - 1) * (2 * window - 1) + i[1] - i[3] + window - 1)
    }
    everyWay("window \(window)") { run in
      let y = run.output(Int32.self, expected.count)
      run.execute(CK_RELATIVE_INDEX_I32, ck_relative_index_i32_args(window: window, y: y))
      #expect(y.read(expected.count) == expected)
    }
  }

  /// Two tokens of a window see each other exactly when they are as far apart before the roll.
  @Test(arguments: [(4, 4, 2, 1), (6, 9, 3, 1), (6, 9, 3, 2), (14, 7, 7, 3), (8, 4, 4, 0)])
  func maskShowsNeighboursOfTheUnrolledMap(height: Int, width: Int, window: Int, shift: Int) {
    func unrolled(_ position: Int, _ length: Int) -> Int { (position + shift) % length }
    let expected = indices(
      [height / window, width / window, window, window, window, window]
    ).map { i -> Float in
      let rows = [i[2], i[4]].map { unrolled(i[0] * window + $0, height) }
      let columns = [i[3], i[5]].map { unrolled(i[1] * window + $0, width) }
      let isNear =
        rows[0] - rows[1] == i[2] - i[4] && columns[0] - columns[1] == i[3] - i[5]
      return isNear ? 0 : -.infinity
    }
    everyWay("\(height) by \(width), \(window) by \(shift)") { run in
      let y = run.output(Float.self, expected.count)
      run.execute(
        CK_WINDOW_MASK_F32,
        ck_window_mask_f32_args(
          height: height, width: width, window: window, shift: shift, y: y))
      #expect(y.read(expected.count) == expected)
    }
  }
}
