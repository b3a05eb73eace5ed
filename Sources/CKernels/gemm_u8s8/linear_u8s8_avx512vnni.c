#if defined(__x86_64__)
#include "../common/begin_avx512vnni.h"
#include "../common/epilogue.inc"
#include "tile.h"

/* 16 sums in 32 registers: enough chains to hide vpdpbusd's latency, few enough loads. */
#define CK_TILE_ROWS 8
#define CK_TILE_BLOCKS 2
#define CK_WIDE_TILE_BLOCKS 2

/* Four elements of each row meet the block's four: vpdpbusd adds the products to an int32 without
 * saturating on the way, whatever x. */
CK_INLINE void step(__m256i sums[][CK_MOST_TILE_BLOCKS], const uint8_t *x, size_t x_row,
                    const int8_t *w, size_t w_block, const int rows, const int blocks) {
  __m256i weights[CK_MOST_TILE_BLOCKS];
#pragma clang loop unroll(full)
  for (int b = 0; b < blocks; b++) {
    weights[b] = _mm256_loadu_si256((const __m256i *)(w + (size_t)b * w_block));
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    __m256i four = _mm256_set1_epi32(word_at(x + (size_t)r * x_row));
#pragma clang loop unroll(full)
    for (int b = 0; b < blocks; b++) {
      sums[r][b] = _mm256_dpbusd_epi32(sums[r][b], four, weights[b]);
    }
  }
}

CK_INLINE void multiply_tile(ck_tile *t, const int rows, const int blocks, const int wide) {
  (void)wide;
  __m256i sums[CK_MOST_TILE_ROWS][CK_MOST_TILE_BLOCKS];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
    for (int b = 0; b < blocks; b++) sums[r][b] = _mm256_setzero_si256();
  }
  const uint8_t *x = t->x;
  const int8_t *w = t->w;
  size_t x_row = t->k, w_block = t->w_block;
  size_t k = t->k / 4;
  if (rows * blocks < 8) {
    /* Few sums: every second step has its own, or each would wait for the one before. */
    __m256i others[CK_MOST_TILE_ROWS][CK_MOST_TILE_BLOCKS];
    memcpy(others, sums, sizeof others);
    for (; k >= 2; k -= 2, x += 8, w += 64) {
      step(sums, x, x_row, w, w_block, rows, blocks);
      step(others, x + 4, x_row, w + 32, w_block, rows, blocks);
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
      for (int b = 0; b < blocks; b++) sums[r][b] = _mm256_add_epi32(sums[r][b], others[r][b]);
    }
  }
  for (; k > 0; k--, x += 4, w += 32) step(sums, x, x_row, w, w_block, rows, blocks);
  if (t->k % 4 != 0) {
    ck_last_words last = last_words(t, (size_t)rows);
    step(sums, last.x[0], 4, w, w_block, rows, blocks);
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
