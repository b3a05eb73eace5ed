#include "../common/begin_scalar.h"
#include "../common/epilogue.inc"
#include "s4.h"
#include "tile.h"

enum { CK_S4_ROWS = 4 };

/* Plain integers. */
CK_INLINE void multiply_s4(ck_tile *t, const int rows) {
  int32_t sums[CK_S4_ROWS][8] = {{0}};
  const uint8_t *x = t->x, *w = (const uint8_t *)t->w;
  for (size_t k = 0; k < t->k; k += CK_S4_GROUP, w += CK_S4_BYTES) {
    for (size_t column = 0; column < 8; column++) {
      for (int r = 0; r < rows; r++) {
        int32_t sum = 0;
        for (size_t i = 0; i < CK_S4_GROUP; i++) {
          uint8_t byte = w[8 + i / 8 * 32 + column * 4 + i % 4];
          int32_t half = i % 8 < 4 ? byte & 15 : byte >> 4;
          sum += x[(size_t)r * t->k + k + i] * (half - 8);
        }
        sums[r][column] += sum * w[column];
      }
    }
  }
  for (int r = 0; r < rows; r++) memcpy(&t->sums[r][0], sums[r], sizeof sums[r]);
}

#include "linear_u8s4.inc"
