#if defined(__x86_64__)
#include "../common/begin_avx2.h"
#include "../common/epilogue.inc"
#include "s4.h"
#include "tile.h"

/* Sums in 16 and in 32 bits of four rows, two blocks of weights and one of x in 16 registers. */
enum { CK_S4_ROWS = 4 };

/* The eight blocks of a group add up in int16: 8 * 2 * 255 * 8 is 32640. One vpmaddwd widens them
 * and multiplies them by the group's multiplier. */
CK_INLINE void multiply_s4(ck_tile *t, const int rows) {
  const __m256i half = _mm256_set1_epi8(15), eight = _mm256_set1_epi8(8);
  __m256i sums[CK_S4_ROWS];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) sums[r] = _mm256_setzero_si256();
  const uint8_t *x = t->x, *w = (const uint8_t *)t->w;
  size_t x_row = t->k;
  for (size_t k = t->k; k > 0; k -= CK_S4_GROUP, x += CK_S4_GROUP, w += CK_S4_BYTES) {
    prefetch_weights((const int8_t *)w, 4);
    __m256i pairs[CK_S4_ROWS];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) pairs[r] = _mm256_setzero_si256();
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; i++) {
      __m256i both = _mm256_loadu_si256((const __m256i *)(w + 8 + 32 * i));
      __m256i low = _mm256_sub_epi8(_mm256_and_si256(both, half), eight);
      __m256i high = _mm256_sub_epi8(_mm256_and_si256(_mm256_srli_epi16(both, 4), half), eight);
#pragma clang loop unroll(full)
      for (int r = 0; r < rows; r++) {
        const uint8_t *words = x + (size_t)r * x_row + 8 * i;
        __m256i first = _mm256_maddubs_epi16(_mm256_set1_epi32(word_at(words)), low);
        __m256i second = _mm256_maddubs_epi16(_mm256_set1_epi32(word_at(words + 4)), high);
        pairs[r] = _mm256_add_epi16(pairs[r], _mm256_add_epi16(first, second));
      }
    }
    __m256i multiplier = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)w));
    multiplier = _mm256_or_si256(multiplier, _mm256_slli_epi32(multiplier, 16));
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      sums[r] = _mm256_add_epi32(sums[r], _mm256_madd_epi16(pairs[r], multiplier));
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) t->sums[r][0] = (i32x8)sums[r];
}

#include "linear_u8s4.inc"
#include "../common/end_target.h"
#endif
