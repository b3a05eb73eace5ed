#include "gemm_layout.h"

size_t ck_linear_f32_scratch(size_t m, size_t n, size_t k, size_t threads) {
  return m <= CK_DOT_ROWS ? 0 : ck_gemm_layout(m, n, k, 0).total * threads;
}

size_t ck_matmul_f32_scratch(size_t m, size_t n, size_t k, int transposes_a, size_t threads) {
  return ck_gemm_layout(m, n, k, transposes_a).total * threads;
}
