/* What follows from a window's geometry: see ck_relative_index_i32_args and
 * ck_window_mask_f32_args.
 */
#include "../common/kernel.h"

#define CK_VARIANT scalar

CK_KERNEL(ck_relative_index_i32) {
  const ck_relative_index_i32_args *a = untyped;
  size_t window = a->window, tokens = window * window, offsets = 2 * window - 1;
  ck_range range = ck_share(tokens, 1, thread, threads);
  for (size_t query = range.begin; query < range.end; query++) {
    int32_t *y = a->y + query * tokens;
    for (size_t row = 0; row < window; row++) {
      size_t first = (query / window + window - 1 - row) * offsets + query % window + window - 1;
      for (size_t column = 0; column < window; column++) *y++ = (int32_t)(first - column);
    }
  }
}

/* The region of a rolled position along an axis. */
CK_INLINE size_t region(size_t position, size_t length, size_t window, size_t shift) {
  return position + window < length ? 0 : position + shift < length ? 1 : 2;
}

CK_KERNEL(ck_window_mask_f32) {
  const ck_window_mask_f32_args *a = untyped;
  size_t window = a->window, tokens = window * window, across = a->width / window;
  ck_range range = ck_share(a->height / window * across * tokens, 1, thread, threads);
  for (size_t task = range.begin; task < range.end; task++) {
    size_t top = task / tokens / across * window, left = task / tokens % across * window;
    size_t query = task % tokens;
    size_t down = region(top + query / window, a->height, window, a->shift);
    size_t right = region(left + query % window, a->width, window, a->shift);
    float *y = a->y + task * tokens;
    for (size_t row = 0; row < window; row++) {
      int sees_row = region(top + row, a->height, window, a->shift) == down;
      for (size_t column = 0; column < window; column++) {
        int sees = sees_row && region(left + column, a->width, window, a->shift) == right;
        *y++ = sees ? 0.0f : -__builtin_inff();
      }
    }
  }
}
