#if defined(__x86_64__)
#include "../common/begin_avxvnni.h"
#include "../common/epilogue.inc"
#include "tile.h"

/* 6 rows by 16 columns: 12 sums, two vectors of weights and one of x in 16 registers. */
#define CK_EXACT_FOR_ALL
#define CK_TILE_ROWS(run) 6
#define CK_TILE_BLOCKS(run) 2
#define CK_FEW_BLOCKS 1
#define CK_DPBUSD _mm256_dpbusd_avx_epi32
#include "vnni_block.inc"

/* Vpdpbusd adds the products of four elements to an int32 without saturating on the way, whatever
 * x. */
CK_INLINE void step_blocks(__m256i sums[][CK_MOST_TILE_BLOCKS], const uint8_t *x, size_t x_row,
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
    for (int b = 0; b < blocks; b++) sums[r][b] = CK_DPBUSD(sums[r][b], four, weights[b]);
  }
}

CK_INLINE void multiply_blocks(ck_tile *t, const int rows, const int blocks) {
  __m256i sums[CK_MOST_TILE_ROWS][CK_MOST_TILE_BLOCKS];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
    for (int b = 0; b < blocks; b++) sums[r][b] = _mm256_setzero_si256();
  }
  const uint8_t *x = t->x;
  const int8_t *w = t->w;
  size_t x_row = t->k, w_block = t->w_block;
  for (size_t k = t->k / 4; k > 0; k--, x += 4, w += 32) {
    step_blocks(sums, x, x_row, w, w_block, rows, blocks);
  }
  if (t->k % 4 != 0) {
    ck_last_words last = last_words(t, (size_t)rows);
    step_blocks(sums, last.x[0], 4, w, w_block, rows, blocks);
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
    for (int b = 0; b < blocks; b++) t->sums[r][b] = (i32x8)sums[r][b];
  }
}

CK_INLINE void multiply_tile(ck_tile *t, const int rows, const int blocks, const int run) {
  (void)run;
  if (blocks == 1) {
    multiply_block(t, rows);
  } else {
    multiply_blocks(t, rows, blocks);
  }
}

#include "linear_u8s8.inc"
#include "../common/end_target.h"
#endif
