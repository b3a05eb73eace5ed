#if defined(__x86_64__)
#include <immintrin.h>

#include "../common/begin_avx512vnni.h"
#include "../common/epilogue.inc"
#include "tile.h"

/* 24 sums of 32 registers: enough chains to hide vpdpbusd's latency, few enough loads. */
#define CK_TILE_ROWS 8
#define CK_TILE_BLOCKS 2
#define CK_WIDE_TILE_BLOCKS 2

/* vpdpbusd adds four products to an int32 without saturating on the way. */
CK_INLINE void multiply_tile(ck_tile *t, const int rows, const int blocks, const int wide) {
  (void)wide;
  __m256i sums[8][4];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
    for (int b = 0; b < blocks; b++) sums[r][b] = _mm256_setzero_si256();
  }
  const uint8_t *x = t->x;
  const int8_t *w = t->w;
  size_t row = t->k, block = t->w_block;
  for (size_t k = 0; k < t->k; k += 4, x += 4, w += 32) {
    int whole = t->k - k >= 4;
    __m256i weights[4];
#pragma clang loop unroll(full)
    for (int b = 0; b < blocks; b++) {
      weights[b] = _mm256_loadu_si256((const __m256i *)(w + (size_t)b * block));
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      const uint8_t *p = x + (size_t)r * row;
      __m256i four = _mm256_set1_epi32(whole ? four_of(p, 4) : four_of(p, t->k - k));
#pragma clang loop unroll(full)
      for (int b = 0; b < blocks; b++) {
        sums[r][b] = _mm256_dpbusd_epi32(sums[r][b], four, weights[b]);
      }
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
    for (int b = 0; b < blocks; b++) t->sums[r][b] = (i32x8)sums[r][b];
  }
}

#include "linear_u8s8.inc"
#include "../common/end_target.h"
#endif
