/* See ck_prefix_mask_f32_args: data movement, one variant. */
#include "../common/kernel.h"

#define CK_VARIANT scalar

CK_KERNEL(ck_prefix_mask_f32) {
  const ck_prefix_mask_f32_args *a = untyped;
  ck_range range = ck_share(a->batch * a->s, 1, thread, threads);
  for (size_t row = range.begin; row < range.end; row++) {
    size_t visible = ck_visible_keys((ptrdiff_t)(row % a->s), a->s, a->prefix);
    const float *x = a->x + row * a->s;
    float *y = a->y + row * a->s;
    if (x != y) memcpy(y, x, visible * sizeof(float));
    for (size_t i = visible; i < a->s; i++) y[i] = -__builtin_inff();
  }
}
