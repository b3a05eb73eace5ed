/* Walks over strided tensors: the index of the innermost axis runs in the kernel, the others here.
 */
#ifndef CK_WALK_H
#define CK_WALK_H

#include "kernel.h"

enum { CK_MAX_WALKED = 3 };

/* The same axes of up to three tensors; outermost first. rank >= 1 once made. */
typedef struct ck_walk {
  size_t rank;
  size_t tensors;
  size_t lengths[CK_MAX_RANK];
  size_t strides[CK_MAX_WALKED][CK_MAX_RANK];
} ck_walk;

/* Axes of length 1 leave; neighbours that every tensor stores as one axis become one. */
CK_INLINE ck_walk ck_make_walk(size_t rank, const size_t *lengths, size_t tensors,
                               const size_t *const *strides) {
  assert(rank <= CK_MAX_RANK && tensors <= CK_MAX_WALKED);
  ck_walk w = {.rank = 0, .tensors = tensors};
  for (size_t axis = 0; axis < rank; axis++) {
    if (lengths[axis] == 1) continue;
    int merges = w.rank > 0;
    for (size_t t = 0; t < tensors && merges; t++) {
      merges = w.strides[t][w.rank - 1] == strides[t][axis] * lengths[axis];
    }
    if (!merges) {
      w.lengths[w.rank] = 1;
      w.rank++;
    }
    w.lengths[w.rank - 1] *= lengths[axis];
    for (size_t t = 0; t < tensors; t++) w.strides[t][w.rank - 1] = strides[t][axis];
  }
  if (w.rank == 0) {
    /* One element. As for any axis of length 1, its stride says nothing: call it contiguous. */
    w.rank = 1;
    w.lengths[0] = 1;
    for (size_t t = 0; t < tensors; t++) w.strides[t][0] = 1;
  }
  return w;
}

/* Row-major strides of a dense tensor. */
CK_INLINE void ck_dense_strides(size_t rank, const size_t *lengths, size_t *strides) {
  size_t stride = 1;
  for (size_t axis = rank; axis-- > 0;) {
    strides[axis] = stride;
    stride *= lengths[axis];
  }
}

/* How many indices the first `axes` axes have together. */
CK_INLINE size_t ck_walk_count(const ck_walk *w, size_t axes) {
  size_t count = 1;
  for (size_t axis = 0; axis < axes; axis++) count *= w->lengths[axis];
  return count;
}

/* Where one index of the first `axes` axes lies in each tensor. */
typedef struct ck_place {
  size_t index[CK_MAX_RANK];
  size_t offset[CK_MAX_WALKED];
} ck_place;

CK_INLINE ck_place ck_place_at(const ck_walk *w, size_t axes, size_t flat) {
  ck_place p = {{0}, {0}};
  for (size_t axis = axes; axis-- > 0 && flat > 0;) { /* index 0 may be of an empty axis */
    p.index[axis] = flat % w->lengths[axis];
    flat /= w->lengths[axis];
    for (size_t t = 0; t < w->tensors; t++) p.offset[t] += p.index[axis] * w->strides[t][axis];
  }
  return p;
}

CK_INLINE void ck_advance(const ck_walk *w, size_t axes, ck_place *p) {
  for (size_t axis = axes; axis-- > 0;) {
    p->index[axis]++;
    for (size_t t = 0; t < w->tensors; t++) p->offset[t] += w->strides[t][axis];
    if (p->index[axis] < w->lengths[axis]) return;
    for (size_t t = 0; t < w->tensors; t++) {
      p->offset[t] -= w->lengths[axis] * w->strides[t][axis];
    }
    p->index[axis] = 0;
  }
}

#endif
