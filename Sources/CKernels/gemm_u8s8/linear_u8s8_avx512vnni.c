#if defined(__x86_64__)
#include "../common/begin_avx512vnni.h"
#include "../common/epilogue.inc"
#include "tile.h"

/* 12 rows by 32 columns: 24 sums, two vectors of weights and one of x in 32 registers. */
#define CK_EXACT_FOR_ALL
#define CK_TILE_ROWS(run) 12
#define CK_TILE_BLOCKS(run) 4
#define CK_FEW_BLOCKS 4
#define CK_DPBUSD _mm256_dpbusd_epi32
#include "vnni_block.inc"

/* Vpdpbusd adds the products of four elements to an int32 without saturating on the way, whatever
 * x. Blocks go in pairs, side by side in 512 bits: joining them costs an instruction per pair,
 * which all rows share. */
CK_INLINE void step_pairs(__m512i sums[][CK_MOST_TILE_BLOCKS / 2], const uint8_t *x, size_t x_row,
                          const int8_t *w, size_t w_block, const int rows, const int pairs) {
  __m512i weights[CK_MOST_TILE_BLOCKS / 2];
#pragma clang loop unroll(full)
  for (int p = 0; p < pairs; p++) {
    const int8_t *first = w + 2 * (size_t)p * w_block;
    __m256i low = _mm256_loadu_si256((const __m256i *)first);
    __m256i high = _mm256_loadu_si256((const __m256i *)(first + w_block));
    weights[p] = _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    __m512i four = _mm512_set1_epi32(word_at(x + (size_t)r * x_row));
#pragma clang loop unroll(full)
    for (int p = 0; p < pairs; p++) sums[r][p] = _mm512_dpbusd_epi32(sums[r][p], four, weights[p]);
  }
}

CK_INLINE void multiply_pairs(ck_tile *t, const int rows, const int pairs) {
  __m512i sums[CK_MOST_TILE_ROWS][CK_MOST_TILE_BLOCKS / 2];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
    for (int p = 0; p < pairs; p++) sums[r][p] = _mm512_setzero_si512();
  }
  const uint8_t *x = t->x;
  const int8_t *w = t->w;
  size_t x_row = t->k, w_block = t->w_block;
  for (size_t k = t->k / 4; k > 0; k--, x += 4, w += 32) {
    /* As many streams as blocks, each followed by one of the next panel. */
    if (rows <= CK_FEW_ROWS && k % 2 == 1) {
#pragma clang loop unroll(full)
      for (int b = 0; b < 2 * pairs; b++) {
        __builtin_prefetch(w + (size_t)(2 * pairs + b) * w_block, 0, 2);
      }
    }
    step_pairs(sums, x, x_row, w, w_block, rows, pairs);
  }
  if (t->k % 4 != 0) {
    ck_last_words last = last_words(t, (size_t)rows);
    step_pairs(sums, last.x[0], 4, w, w_block, rows, pairs);
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
    for (int p = 0; p < pairs; p++) {
      t->sums[r][2 * p] = (i32x8)_mm512_castsi512_si256(sums[r][p]);
      t->sums[r][2 * p + 1] = (i32x8)_mm512_extracti64x4_epi64(sums[r][p], 1);
    }
  }
}

CK_INLINE void multiply_tile(ck_tile *t, const int rows, const int blocks, const int run) {
  (void)run;
  if (blocks == 1) {
    multiply_block(t, rows);
  } else {
    multiply_pairs(t, rows, blocks / 2);
  }
}

#include "linear_u8s8.inc"
#include "../common/end_target.h"
#endif
