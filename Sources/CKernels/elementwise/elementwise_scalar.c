#include "../common/begin_scalar.h"
#include "../common/half.inc"
#include "../common/walk.h"
#include "gelu.inc"
#include "binary.inc"
#include "scale.inc"
#include "unary.inc"
#include "to_half.inc"

/* Stores alone: memory sets the pace in every instruction set. */
CK_KERNEL(ck_fill_f32) {
  const ck_fill_f32_args *a = untyped;
  ck_range range = ck_share(a->count, 64, thread, threads);
  for (size_t i = range.begin; i < range.end; i++) a->y[i] = a->value;
}
