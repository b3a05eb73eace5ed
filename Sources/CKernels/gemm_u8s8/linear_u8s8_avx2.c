#if defined(__x86_64__)
#include <immintrin.h>

#include "../common/begin_avx2.h"
#include "../common/epilogue.inc"
#include "tile.h"

#define CK_TILE_ROWS 6
#define CK_TILE_BLOCKS 2
#define CK_WIDE_TILE_BLOCKS 1

/* x <= 127: two products fit an int16 (2 * 127 * 127 = 32258), so vpmaddubsw does not saturate. */
CK_INLINE void multiply_narrow(ck_tile *t, const int rows, const int blocks) {
  __m256i sums[8][4];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
    for (int b = 0; b < blocks; b++) sums[r][b] = _mm256_setzero_si256();
  }
  const __m256i ones = _mm256_set1_epi16(1);
  const uint8_t *x = t->x;
  const int8_t *w = t->w;
  size_t row = t->k, block = t->w_block;
  for (size_t k = 0; k < t->k; k += 4, x += 4, w += 32) {
    int whole = t->k - k >= 4;
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      const uint8_t *p = x + (size_t)r * row;
      __m256i four = _mm256_set1_epi32(whole ? four_of(p, 4) : four_of(p, t->k - k));
#pragma clang loop unroll(full)
      for (int b = 0; b < blocks; b++) {
        __m256i weights = _mm256_loadu_si256((const __m256i *)(w + (size_t)b * block));
        __m256i pairs = _mm256_maddubs_epi16(four, weights);
        sums[r][b] = _mm256_add_epi32(sums[r][b], _mm256_madd_epi16(pairs, ones));
      }
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
    for (int b = 0; b < blocks; b++) t->sums[r][b] = (i32x8)sums[r][b];
  }
}

/* Any x: both sides widened to int16, whose products vpmaddwd adds as int32. */
CK_INLINE void multiply_wide(ck_tile *t, const int rows, const int blocks) {
  /* Of each block, columns 0-3 and 4-7, each as two partial sums side by side. */
  __m256i sums[8][4][2];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
    for (int b = 0; b < blocks; b++) {
      sums[r][b][0] = _mm256_setzero_si256();
      sums[r][b][1] = _mm256_setzero_si256();
    }
  }
  const uint8_t *x = t->x;
  const int8_t *w = t->w;
  size_t row = t->k, block = t->w_block;
  for (size_t k = 0; k < t->k; k += 4, x += 4, w += 32) {
    int whole = t->k - k >= 4;
    __m256i weights[4][2];
#pragma clang loop unroll(full)
    for (int b = 0; b < blocks; b++) {
      const __m128i *p = (const __m128i *)(w + (size_t)b * block);
      weights[b][0] = _mm256_cvtepi8_epi16(_mm_loadu_si128(p));
      weights[b][1] = _mm256_cvtepi8_epi16(_mm_loadu_si128(p + 1));
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      const uint8_t *p = x + (size_t)r * row;
      __m256i four =
          _mm256_cvtepu8_epi16(_mm_set1_epi32(whole ? four_of(p, 4) : four_of(p, t->k - k)));
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

CK_INLINE void multiply_tile(ck_tile *t, const int rows, const int blocks, const int wide) {
  if (wide) {
    multiply_wide(t, rows, blocks);
  } else {
    multiply_narrow(t, rows, blocks);
  }
}

#include "linear_u8s8.inc"
#include "../common/end_target.h"
#endif
