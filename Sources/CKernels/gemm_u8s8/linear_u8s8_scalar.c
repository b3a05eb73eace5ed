#include "../common/begin_scalar.h"
#include "../common/epilogue.inc"
#include "tile.h"

#define CK_EXACT_FOR_ALL
#define CK_TILE_ROWS(run) 4
#define CK_TILE_BLOCKS(run) 1
#define CK_FEW_BLOCKS 1

/* Plain integers; the compiler may vectorise them, since their order does not matter. */
CK_INLINE void multiply_tile(ck_tile *t, const int rows, const int blocks, const int run) {
  (void)run;
  for (int r = 0; r < rows; r++) {
    for (int b = 0; b < blocks; b++) {
      const uint8_t *x = t->x + (size_t)r * t->k;
      const int8_t *w = t->w + (size_t)b * t->w_block;
      int32_t sums[8] = {0};
      for (size_t k = 0; k < t->k; k += 4, w += 32) {
        size_t count = ck_smaller(t->k - k, 4);
        for (size_t column = 0; column < 8; column++) {
          for (size_t i = 0; i < count; i++) sums[column] += x[k + i] * w[column * 4 + i];
        }
      }
      memcpy(&t->sums[r][b], sums, sizeof sums);
    }
  }
}

#include "linear_u8s8.inc"
