#if defined(__aarch64__) || defined(CK_EMULATED_NEON)
#include "../common/begin_neondot.h"
#include "../common/epilogue.inc"
#include "tile.h"

/* 8 rows by 8 columns: 16 sums, 8 vectors of x and two of weights in 32 registers. */
#define CK_EXACT_FOR_ALL
#define CK_TILE_ROWS(run) 8
#define CK_TILE_BLOCKS(run) 1
#define CK_FEW_BLOCKS 1

/* Sdot multiplies signed bytes, and x is unsigned: x - 128 is x with its highest bit turned, and
 * 128 times the sum of a column's weights is added at the end. Exact, as sums have room for 255 a
 * product. */
CK_INLINE int8x16_t signed_bytes(uint8x16_t x) {
  return vreinterpretq_s8_u8(veorq_u8(x, vdupq_n_u8(128)));
}

/* One block: four elements of each row, in lane `lane` of its sixteen. */
#define CK_STEP_LANE(lane)                                               \
  {                                                                      \
    int8x16_t low = vld1q_s8(w + 32 * (lane));                           \
    int8x16_t high = vld1q_s8(w + 32 * (lane) + 16);                     \
    _Pragma("clang loop unroll(full)") for (int r = 0; r < rows; r++) {  \
      sums[r][0] = vdotq_laneq_s32(sums[r][0], low, elements[r], lane);  \
      sums[r][1] = vdotq_laneq_s32(sums[r][1], high, elements[r], lane); \
    }                                                                    \
  }

CK_INLINE void multiply_tile(ck_tile *t, const int rows, const int blocks, const int run) {
  (void)run, (void)blocks;
  int32x4_t sums[CK_MOST_TILE_ROWS][2];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) sums[r][0] = sums[r][1] = vdupq_n_s32(0);
  int8x16_t elements[CK_MOST_TILE_ROWS];
  const uint8_t *x = t->x;
  const int8_t *w = t->w;
  size_t k = t->k;
  for (; k >= 16; k -= 16, x += 16, w += 128) {
    prefetch_weights(w, 4);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) elements[r] = signed_bytes(vld1q_u8(x + (size_t)r * t->k));
    CK_STEP_LANE(0)
    CK_STEP_LANE(1)
    CK_STEP_LANE(2)
    CK_STEP_LANE(3)
  }
  for (; k > 0; w += 32) {
    size_t count = ck_smaller(k, 4);
    for (int r = 0; r < rows; r++) {
      uint8_t last[16] = {0};
      memcpy(last, x + (size_t)r * t->k, count);
      elements[r] = signed_bytes(vld1q_u8(last));
    }
    CK_STEP_LANE(0)
    k -= count;
    x += count;
  }
  int32_t offset[8] = {0};
  memcpy(offset, t->column_sums, t->lanes * sizeof(int32_t));
  for (int i = 0; i < 8; i++) offset[i] *= 128;
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    int32_t *to = (int32_t *)&t->sums[r][0];
    vst1q_s32(to, vaddq_s32(sums[r][0], vld1q_s32(offset)));
    vst1q_s32(to + 4, vaddq_s32(sums[r][1], vld1q_s32(offset + 4)));
  }
}

#include "linear_u8s8.inc"
#include "../common/end_target.h"
#endif
