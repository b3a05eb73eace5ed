/* The layout of packed weights; see ck_linear_u8s8_args. */
#include "../common/kernel.h"

size_t ck_packed_s8_bytes(size_t n, size_t k) { return ck_round_up(n, 8) * ck_round_up(k, 4); }

void ck_pack_s8(size_t n, size_t k, const int8_t *w, int8_t *packed, int32_t *column_sums) {
  size_t groups = ck_round_up(k, 4) / 4;
  memset(packed, 0, ck_packed_s8_bytes(n, k));
  for (size_t row = 0; row < n; row++) {
    int8_t *block = packed + row / 8 * groups * 32 + row % 8 * 4;
    int32_t sum = 0;
    for (size_t i = 0; i < k; i++) {
      int8_t value = w[row * k + i];
      block[i / 4 * 32 + i % 4] = value;
      sum += value;
    }
    column_sums[row] = sum;
  }
}
