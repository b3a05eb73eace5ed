/* Where patches lie on a map: see ck_patch_sizes. */
#ifndef CK_PATCHES_H
#define CK_PATCHES_H

#include "../common/kernel.h"

/* The part of a patch that is on the map, along one axis. */
typedef struct ck_clip {
  size_t skipped; /* elements of the patch before it */
  size_t count;
  size_t first; /* on the map; 0 where there is none */
} ck_clip;

CK_INLINE ck_clip ck_clip_patch(const ck_patch_sizes *s, size_t patch, size_t length) {
  size_t start = patch * s->stride; /* counted from the padding */
  size_t skipped = s->padding > start ? s->padding - start : 0;
  size_t first = start + skipped - s->padding;
  if (skipped >= s->size || first >= length) return (ck_clip){s->size, 0, 0};
  return (ck_clip){skipped, ck_smaller(s->size - skipped, length - first), first};
}

#endif
