/* What every kernel body uses: names per ISA cluster, division of work, the barrier. */
#ifndef CK_KERNEL_H
#define CK_KERNEL_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ckernels.h"

/* Products and sums round separately unless the source says fma: else an ISA with fma would differ
 * from one without. The pragma lasts to the end of the file that includes this. */
#pragma STDC FP_CONTRACT OFF

/* Vectors wider than the baseline's registers pass between functions that are always inlined, so
 * their calling convention never matters. */
#pragma clang diagnostic ignored "-Wpsabi"

#define CK_INLINE static inline __attribute__((always_inline, unused))

#define CK_JOIN(name, variant) name##_##variant
#define CK_NAME(name, variant) CK_JOIN(name, variant)

/* Opens a kernel: defines its instance for the ISA cluster being compiled. */
#define CK_KERNEL(name) \
  void CK_NAME(name, CK_VARIANT)(const void *untyped, size_t thread, size_t threads)

/* Where all threads of the running region meet; for kernels that work in two phases. Every thread
 * of the region must get here. */
void ck_barrier(size_t threads);

typedef struct ck_range {
  size_t begin, end;
} ck_range;

/* The part of 0 ..< count of one thread, in whole units of `unit` but for the last. */
CK_INLINE ck_range ck_share(size_t count, size_t unit, size_t thread, size_t threads) {
  size_t units = (count + unit - 1) / unit;
  size_t begin = units * thread / threads * unit;
  size_t end = units * (thread + 1) / threads * unit;
  return (ck_range){begin < count ? begin : count, end < count ? end : count};
}

CK_INLINE size_t ck_smaller(size_t a, size_t b) { return a < b ? a : b; }

CK_INLINE size_t ck_round_up(size_t count, size_t unit) { return (count + unit - 1) / unit * unit; }

/* The prefix mask: a query at `position` sees keys 0 ..< the result. Position can be negative,
 * where queries outnumber keys. */
CK_INLINE size_t ck_visible_keys(ptrdiff_t position, size_t keys, size_t prefix) {
  size_t visible = position < (ptrdiff_t)prefix ? prefix : (size_t)position + 1;
  return ck_smaller(visible, keys);
}

#endif
