#if defined(__x86_64__)
#include "../common/begin_avx2.h"
#include "../common/epilogue.inc"
#include "tile.h"

/* Rows and blocks of a tile for runs of `run` blocks: 12 sums leave just enough of 16 registers
 * when a weight is used once per row and then forgotten, 8 when the weights of a run stay. Those of
 * four blocks stay only where there is one block of columns; with two, loading them again for each
 * row takes as long as multiplying, and two blocks of 3072 inputs fill the first-level cache. */
#define CK_TILE_ROWS(run) ((run) == 4 ? 8 : (run) == 2 ? 4 : 6)
#define CK_TILE_BLOCKS(run) ((run) == 0 || (run) == 4 ? 1 : 2)
#define CK_FEW_BLOCKS 1

/* Four elements of each row meet the block's four, `run` times: vpmaddubsw does not saturate and
 * the sums of its int16 do not overflow, because `groups` promised so. The longer the run, the
 * fewer of the instructions widen: 2 of 3 with one block, 3 of 6 with two, 5 of 10 with four. */
CK_INLINE void step_narrow(__m256i sums[][CK_MOST_TILE_BLOCKS], const uint8_t *x, size_t x_row,
                           const int8_t *w, size_t w_block, const int rows, const int blocks,
                           const int run) {
  const __m256i ones = _mm256_set1_epi16(1);
  if (blocks == 1) prefetch_weights(w, run);
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    __m256i fours[4];
#pragma clang loop unroll(full)
    for (int i = 0; i < run; i++) {
      fours[i] = _mm256_set1_epi32(word_at(x + (size_t)r * x_row + 4 * (size_t)i));
    }
#pragma clang loop unroll(full)
    for (int b = 0; b < blocks; b++) {
      const __m256i *weights = (const __m256i *)(w + (size_t)b * w_block);
      __m256i pairs = _mm256_maddubs_epi16(fours[0], _mm256_loadu_si256(weights));
#pragma clang loop unroll(full)
      for (int i = 1; i < run; i++) {
        __m256i more = _mm256_maddubs_epi16(fours[i], _mm256_loadu_si256(weights + i));
        pairs = _mm256_add_epi16(pairs, more);
      }
      sums[r][b] = _mm256_add_epi32(sums[r][b], _mm256_madd_epi16(pairs, ones));
    }
  }
}

CK_INLINE void multiply_narrow(ck_tile *t, const int rows, const int blocks, const int run) {
  __m256i sums[CK_MOST_TILE_ROWS][CK_MOST_TILE_BLOCKS];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
    for (int b = 0; b < blocks; b++) sums[r][b] = _mm256_setzero_si256();
  }
  const uint8_t *x = t->x;
  const int8_t *w = t->w;
  size_t x_row = t->k, w_block = t->w_block, k = t->k / 4;
  for (; k >= (size_t)run; k -= (size_t)run, x += 4 * run, w += 32 * run) {
    step_narrow(sums, x, x_row, w, w_block, rows, blocks, run);
  }
  for (; run > 1 && k > 0; k--, x += 4, w += 32) {
    step_narrow(sums, x, x_row, w, w_block, rows, blocks, 1);
  }
  if (t->k % 4 != 0) {
    ck_last_words last = last_words(t, (size_t)rows);
    step_narrow(sums, last.x[0], 4, w, w_block, rows, blocks, 1);
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
    for (int b = 0; b < blocks; b++) t->sums[r][b] = (i32x8)sums[r][b];
  }
}

/* Any x: both sides widened to int16, whose products vpmaddwd adds as int32. As many
 * multiplications as the narrow step, but as many additions too, which compete for the same pipes:
 * 60 % of its speed (Zen 4); widening x ahead of the loop did not change that. Of a block, sums[0]
 * is for columns 0-3 and sums[1] for 4-7, each as two partial sums side by side. */
CK_INLINE void step_wide(__m256i sums[][CK_MOST_TILE_BLOCKS][2], const uint8_t *x, size_t x_row,
                         const int8_t *w, size_t w_block, const int rows, const int blocks) {
  __m256i weights[CK_MOST_TILE_BLOCKS][2];
  prefetch_weights(w, 1);
#pragma clang loop unroll(full)
  for (int b = 0; b < blocks; b++) {
    const __m128i *p = (const __m128i *)(w + (size_t)b * w_block);
    weights[b][0] = _mm256_cvtepi8_epi16(_mm_loadu_si128(p));
    weights[b][1] = _mm256_cvtepi8_epi16(_mm_loadu_si128(p + 1));
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    __m256i four = _mm256_cvtepu8_epi16(_mm_set1_epi32(word_at(x + (size_t)r * x_row)));
#pragma clang loop unroll(full)
    for (int b = 0; b < blocks; b++) {
#pragma clang loop unroll(full)
      for (int half = 0; half < 2; half++) {
        __m256i product = _mm256_madd_epi16(four, weights[b][half]);
        sums[r][b][half] = _mm256_add_epi32(sums[r][b][half], product);
      }
    }
  }
}

CK_INLINE void multiply_wide(ck_tile *t, const int rows, const int blocks) {
  __m256i sums[CK_MOST_TILE_ROWS][CK_MOST_TILE_BLOCKS][2];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
    for (int b = 0; b < blocks; b++) sums[r][b][0] = sums[r][b][1] = _mm256_setzero_si256();
  }
  const uint8_t *x = t->x;
  const int8_t *w = t->w;
  size_t x_row = t->k, w_block = t->w_block;
  for (size_t k = t->k / 4; k > 0; k--, x += 4, w += 32) {
    step_wide(sums, x, x_row, w, w_block, rows, blocks);
  }
  if (t->k % 4 != 0) {
    ck_last_words last = last_words(t, (size_t)rows);
    step_wide(sums, last.x[0], 4, w, w_block, rows, blocks);
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
    for (int b = 0; b < blocks; b++) {
      /* Columns 0 1 4 5 2 3 6 7, then in order. */
      __m256i columns = _mm256_hadd_epi32(sums[r][b][0], sums[r][b][1]);
      t->sums[r][b] = (i32x8)_mm256_permute4x64_epi64(columns, 0xD8);
    }
  }
}

CK_INLINE void multiply_tile(ck_tile *t, const int rows, const int blocks, const int run) {
  if (run == 0) {
    multiply_wide(t, rows, blocks);
  } else {
    multiply_narrow(t, rows, blocks, run);
  }
}

#include "linear_u8s8.inc"
#include "../common/end_target.h"
#endif
