/* The layout of packed weights; see ck_linear_u8s8_args. */
#include "../common/kernel.h"
#include "s4.h"

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

size_t ck_packed_s4_bytes(size_t n, size_t k) {
  return ck_round_up(n, 8) / 8 * (k / CK_S4_GROUP) * CK_S4_BYTES;
}

/* The largest whole number that divides a group; 1 for zeros. */
static int multiplier_of(const int8_t *w) {
  int divisor = 0;
  for (size_t i = 0; i < CK_S4_GROUP; i++) {
    int a = w[i] < 0 ? -w[i] : w[i], b = divisor;
    while (b != 0) {
      int rest = a % b;
      a = b;
      b = rest;
    }
    divisor = a;
  }
  return divisor == 0 ? 1 : divisor;
}

int ck_pack_s4(size_t n, size_t k, const int8_t *w, uint8_t *packed, int32_t *column_sums) {
  assert(k % CK_S4_GROUP == 0);
  size_t groups = k / CK_S4_GROUP;
  for (size_t row = 0; row < ck_round_up(n, 8); row++) {
    int32_t sum = 0;
    for (size_t g = 0; g < groups; g++) {
      uint8_t *group = packed + (row / 8 * groups + g) * CK_S4_BYTES;
      const int8_t *values = w + row * k + g * CK_S4_GROUP;
      int multiplier = row < n ? multiplier_of(values) : 1;
      group[row % 8] = (uint8_t)multiplier;
      for (size_t i = 0; i < CK_S4_GROUP; i++) {
        int q = row < n ? values[i] / multiplier : 0;
        if (q < -8 || q > 7) return -1;
        sum += q * multiplier;
        uint8_t *byte = group + 8 + i / 8 * 32 + row % 8 * 4 + i % 4;
        uint8_t half = (uint8_t)(q + 8);
        *byte = i % 8 < 4 ? half : (uint8_t)(*byte | half << 4);
      }
    }
    if (row < n) column_sums[row] = sum;
  }
  return 0;
}
