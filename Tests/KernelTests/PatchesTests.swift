import CKernels
import Testing

/// Patches of one size on one map.
struct PatchesCase: Sendable, CustomTestStringConvertible {
  var batch = 1
  var planes = 1
  var height: Int
  var width: Int
  var depth = 1
  var size: Int
  var stride: Int
  var padding = 0

  /// Around vectors, with rests, kernels over and under the stride, and maps smaller than a kernel.
  static let all: [PatchesCase] = [
    PatchesCase(batch: 2, planes: 3, height: 8, width: 12, size: 4, stride: 4),
    PatchesCase(planes: 3, height: 9, width: 11, size: 2, stride: 2),
    PatchesCase(batch: 2, height: 5, width: 5, size: 1, stride: 1),
    PatchesCase(height: 7, width: 8, depth: 9, size: 1, stride: 3),
    PatchesCase(planes: 2, height: 9, width: 8, size: 7, stride: 4, padding: 2),
    PatchesCase(batch: 3, height: 8, width: 7, depth: 5, size: 3, stride: 2, padding: 1),
    PatchesCase(batch: 2, height: 4, width: 4, depth: 16, size: 3, stride: 2, padding: 1),
    PatchesCase(planes: 2, height: 2, width: 1, depth: 3, size: 3, stride: 1, padding: 2),
    PatchesCase(height: 3, width: 2, depth: 33, size: 3, stride: 5, padding: 2),
    PatchesCase(batch: 0, planes: 3, height: 8, width: 8, size: 8, stride: 8),
  ]

  var testDescription: String {
    "[\(batch), \(planes), \(height), \(width), \(depth)] by \(size)/\(stride)/\(padding)"
  }

  var down: Int { (height + 2 * padding - size) / stride + 1 }
  var across: Int { (width + 2 * padding - size) / stride + 1 }
  var mapCount: Int { batch * planes * height * width * depth }

  var sizes: ck_patch_sizes {
    ck_patch_sizes(
      batch: batch, planes: planes, height: height, width: width, depth: depth, size: size,
      stride: stride, padding: padding, down: down, across: across)
  }

  /// Where each element of the patches lies on the map, in order; nil beyond it.
  var sources: [Int?] {
    indices([batch, down, across, planes, size, size, depth]).map { i in
      let (y, x) = (i[1] * stride + i[4] - padding, i[2] * stride + i[5] - padding)
      guard (0..<height).contains(y), (0..<width).contains(x) else { return nil }
      return (((i[0] * planes + i[3]) * height + y) * width + x) * depth + i[6]
    }
  }
}

@Suite struct PatchesTests {
  @Test(arguments: PatchesCase.all) func cutsMapsRowByRow(form: PatchesCase) {
    var random = Random(7)
    let x = random.floats(form.mapCount)
    let expected = form.sources.map { $0.map { x[$0] } ?? 0 }
    everyWay(form.testDescription) { run in
      let y = run.output(Float.self, expected.count)
      run.execute(
        CK_PATCHES_F32, ck_patches_f32_args(sizes: form.sizes, x: run.input(x), y: y))
      #expect(y.read(expected.count) == expected)
    }
  }

  /// Samples of maps whose channels come last become the integers that their patches become as floats.
  @Test(arguments: PatchesCase.all.filter { $0.depth == 1 }, [127, 255])
  func samplesAreQuantizedAsTheirNumbersAre(form: PatchesCase, levels: UInt32) {
    var random = Random(9)
    let table = random.floats(form.planes * 256, in: -3...3)
    let samples: [UInt8] = random.integers(form.mapCount, in: 0...255)
    let positions = form.height * form.width
    let map = indices([form.batch, form.planes, positions]).map { i in
      table[i[1] * 256 + Int(samples[(i[0] * positions + i[2]) * form.planes + i[1]])]
    }
    let k = form.planes * form.size * form.size
    let count = form.batch * form.down * form.across
    everyWay(form.testDescription) { run in
      let (patches, expected) = (run.scratch(count * k), run.scratch(UInt8.self, count * k))
      let expectedRows = run.scratch(2 * count)
      run.execute(
        CK_PATCHES_F32, ck_patches_f32_args(sizes: form.sizes, x: run.input(map), y: patches))
      run.execute(
        CK_QUANTIZE_ROWS_F32,
        ck_quantize_rows_f32_args(
          rows: count, k: k, levels: levels, x: patches, result: expected,
          row_scales: expectedRows))
      let result = run.output(UInt8.self, count * k)
      let rows = run.output(Float.self, 2 * count)
      run.execute(
        CK_QUANTIZE_SAMPLES_U8,
        ck_quantize_samples_u8_args(
          sizes: form.sizes, levels: levels, x: run.input(samples), table: run.input(table),
          result: result, row_scales: rows,
          scratch: run.scratch(ck_quantize_samples_scratch(k, run.threads))))
      #expect(result.read(count * k) == expected.read(count * k))
      #expect(rows.read(2 * count) == expectedRows.read(2 * count))
    }
  }

  @Test(arguments: PatchesCase.all) func gradientAddsPatchesUp(form: PatchesCase) {
    var random = Random(8)
    let sources = form.sources
    let dy = random.floats(sources.count)
    var expected = [Double](repeating: 0, count: form.mapCount)
    // A sum of n terms rounds n - 1 times, each by half an ulp of at most the sum of their sizes.
    var (magnitudes, terms) = (expected, [Int](repeating: 0, count: form.mapCount))
    for (element, source) in zip(dy, sources) {
      guard let source else { continue }
      expected[source] += Double(element)
      magnitudes[source] += Double(abs(element))
      terms[source] += 1
    }
    everyWay(form.testDescription) { run in
      let dx = run.output(Float.self, expected.count)
      run.execute(
        CK_PATCHES_GRADIENT_F32,
        ck_patches_gradient_f32_args(sizes: form.sizes, dy: run.input(dy), dx: dx))
      expectClose(dx.read(expected.count), expected, form.testDescription) {
        Double(max(terms[$0] - 1, 0)) * epsilon / 2 * magnitudes[$0]
      }
    }
  }
}
