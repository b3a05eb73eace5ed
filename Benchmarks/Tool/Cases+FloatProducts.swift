import CKernels

extension Cases {
  /// The products of a training step: forward, by the input and by the weights; of 64 images at 96
  /// pixels through the small model, and of 4 at 224 through git-base.
  static func floatProducts(threads: Int) -> [Case] {
    [(2368, 192, 192), (2368, 768, 192), (788, 768, 768), (788, 3072, 768)].flatMap { m, n, k in
      [
        forward(m, n, k, threads: threads),
        product("by input", m, k, n, threads: threads),
        product("by weights", n, k, m, transposeA: true, threads: threads),
      ]
    }
  }

  private static func forward(_ m: Int, _ n: Int, _ k: Int, threads: Int) -> Case {
    let made = Case("float projection [\(m), \(n), \(k)]", .floatProducts(m * n * k))
    let epilogue = ck_epilogue(
      bias: made.floats(n), residual: nil, residual_rows: 0, activation: CK_ACTIVATION_NONE,
      split_count: 1, split_columns: (n, 0, 0, 0), results: (made.floats(m * n), nil, nil, nil))
    made.add(
      CK_LINEAR_F32,
      ck_linear_f32_args(
        m: m, n: n, k: k, x: made.floats(m * k), w: made.floats(n * k), epilogue: epilogue,
        scratch: made.floats(ck_linear_f32_scratch(m, n, k, threads))))
    return made
  }

  private static func product(
    _ name: String, _ m: Int, _ n: Int, _ k: Int, transposeA: Bool = false, threads: Int
  ) -> Case {
    let made = Case("its derivative \(name) [\(m), \(n), \(k)]", .floatProducts(m * n * k))
    made.add(
      CK_MATMUL_F32,
      ck_matmul_f32_args(
        batch: 1, m: m, n: n, k: k, transpose_a: transposeA ? 1 : 0, transpose_b: 0,
        a: made.floats(m * k), a_batch_stride: 0, b: made.floats(k * n), b_batch_stride: 0,
        c: made.floats(m * n),
        scratch: made.floats(ck_matmul_f32_scratch(m, n, k, transposeA ? 1 : 0, threads))))
    return made
  }
}
