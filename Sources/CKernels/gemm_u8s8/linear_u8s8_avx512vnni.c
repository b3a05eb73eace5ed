#if defined(__x86_64__)
#include "../common/begin_avx512vnni.h"
#include "../common/epilogue.inc"
#include "tile.h"

/* 12 rows by 32 columns: 24 sums, two vectors of weights and one of x in 32 registers. */
#define CK_EXACT_FOR_ALL
#define CK_TILE_ROWS(run) 12
#define CK_TILE_BLOCKS(run) 4

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

/* One block, whose weights are one stream. */
CK_INLINE void step_block(__m256i *sums, const uint8_t *x, size_t x_row, const int8_t *w,
                          const int rows) {
  __m256i weights = _mm256_loadu_si256((const __m256i *)w);
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    __m256i four = _mm256_set1_epi32(word_at(x + (size_t)r * x_row));
    sums[r] = _mm256_dpbusd_epi32(sums[r], four, weights);
  }
}

CK_INLINE void multiply_block(ck_tile *t, const int rows) {
  /* Steps take turns between two sets of sums, or each would wait for the one before. */
  __m256i sums[2][CK_MOST_TILE_ROWS];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) sums[0][r] = sums[1][r] = _mm256_setzero_si256();
  const uint8_t *x = t->x;
  const int8_t *w = t->w;
  size_t x_row = t->k, k = t->k / 4;
  for (; k >= 2; k -= 2, x += 8, w += 64) {
    step_block(sums[0], x, x_row, w, rows);
    step_block(sums[1], x + 4, x_row, w + 32, rows);
  }
  if (k > 0) {
    step_block(sums[0], x, x_row, w, rows);
    w += 32;
  }
  if (t->k % 4 != 0) {
    ck_last_words last = last_words(t, (size_t)rows);
    step_block(sums[1], last.x[0], 4, w, rows);
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) t->sums[r][0] = (i32x8)_mm256_add_epi32(sums[0][r], sums[1][r]);
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
