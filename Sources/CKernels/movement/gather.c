/* Rows of tables, rows that are kept, and patches of images: see ck_embedding_f32_args,
 * ck_embedding_s8_args, ck_keep_rows_f32_args and ck_patches_f32_args. */
#include "patches.h"

#include "../common/gather.inc"

#define CK_VARIANT scalar

CK_KERNEL(ck_embedding_f32) {
  const ck_embedding_f32_args *a = untyped;
  ck_range range = ck_share(a->count, 1, thread, threads);
  for (size_t i = range.begin; i < range.end; i++) gather_f32(a, i, a->y + i * a->d);
}

CK_KERNEL(ck_embedding_s8) {
  const ck_embedding_s8_args *a = untyped;
  ck_range range = ck_share(a->count, 1, thread, threads);
  for (size_t i = range.begin; i < range.end; i++) gather_s8(a, i, a->y + i * a->d);
}

/* An integer that is greater where x is in IEEE 754's total order. */
CK_INLINE int32_t ordered(float x) {
  int32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits ^ (int32_t)((uint32_t)(bits >> 31) >> 1);
}

/* How many rows come before row `row`: those with greater scores, and equal ones in front of it. */
CK_INLINE size_t rank_of(const float *scores, size_t rows, size_t row) {
  int32_t own = ordered(scores[row]);
  size_t rank = 0;
  for (size_t i = 0; i < row; i++) rank += ordered(scores[i]) >= own;
  for (size_t i = row + 1; i < rows; i++) rank += ordered(scores[i]) > own;
  return rank;
}

/* Threads share the rows that are kept; each finds out for itself which those are: rows²
 * comparisons are little beside what projections of as many rows take. */
CK_KERNEL(ck_keep_rows_f32) {
  const ck_keep_rows_f32_args *a = untyped;
  ck_range range = ck_share(a->batch * a->kept, 1, thread, threads);
  if (range.begin == range.end) return;
  size_t first = range.begin / a->kept, last = (range.end - 1) / a->kept;
  for (size_t b = first; b <= last; b++) {
    const float *scores = a->scores + b * a->rows;
    size_t next = b * a->kept;
    for (size_t row = 0; row < a->rows && next < range.end; row++) {
      if (rank_of(scores, a->rows, row) >= a->kept) continue;
      if (next >= range.begin) {
        memcpy(a->y + next * a->d, a->x + (b * a->rows + row) * a->d, a->d * sizeof(float));
      }
      next++;
    }
  }
}

CK_KERNEL(ck_patches_f32) {
  const ck_patches_f32_args *a = untyped;
  const ck_patch_sizes *s = &a->sizes;
  size_t run = s->size * s->depth; /* one row of a patch on one plane */
  ck_range range = ck_share(s->batch * s->down * s->across, 1, thread, threads);
  float *y = a->y + range.begin * s->planes * s->size * run;
  for (size_t patch = range.begin; patch < range.end; patch++) {
    size_t image = patch / (s->down * s->across), py = patch / s->across % s->down;
    ck_clip across = ck_clip_patch(s, patch % s->across, s->width);
    size_t before = across.skipped * s->depth, kept = across.count * s->depth;
    for (size_t plane = 0; plane < s->planes; plane++) {
      const float *x = a->x + (image * s->planes + plane) * s->height * s->width * s->depth;
      for (size_t r = 0; r < s->size; r++, y += run) {
        size_t row = py * s->stride + r; /* counted from the padding */
        if (row < s->padding || row - s->padding >= s->height) {
          memset(y, 0, run * sizeof(float));
          continue;
        }
        memset(y, 0, before * sizeof(float));
        memcpy(y + before, x + ((row - s->padding) * s->width + across.first) * s->depth,
               kept * sizeof(float));
        memset(y + before + kept, 0, (run - before - kept) * sizeof(float));
      }
    }
  }
}
