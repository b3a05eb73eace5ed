/* See ck_copy_f32_args. Data movement alone: memcpy already picks the widest instructions, so there
 * is one variant. */
#include "../common/walk.h"

#define CK_VARIANT scalar

enum { CK_COPY_PIECE = 4096, CK_TRANSPOSE_BLOCK = 16 };

static void copy_run(size_t count, const float *x, size_t x_stride, float *y, size_t y_stride) {
  if (x_stride == 1 && y_stride == 1) {
    memcpy(y, x, count * sizeof(float));
  } else if (x_stride == 0 && y_stride == 1) {
    for (size_t i = 0; i < count; i++) y[i] = *x;
  } else {
    for (size_t i = 0; i < count; i++) y[i * y_stride] = x[i * x_stride];
  }
}

static void copy_runs(const ck_copy_f32_args *a, const ck_walk *w, size_t thread, size_t threads) {
  size_t outer = w->rank - 1, inner = w->lengths[outer];
  size_t x_stride = w->strides[0][outer], y_stride = w->strides[1][outer];
  size_t pieces = (inner + CK_COPY_PIECE - 1) / CK_COPY_PIECE;
  ck_range tasks = ck_share(ck_walk_count(w, outer) * pieces, 1, thread, threads);
  if (tasks.begin == tasks.end) return;
  ck_place place = ck_place_at(w, outer, tasks.begin / pieces);
  size_t piece = tasks.begin % pieces;
  for (size_t task = tasks.begin; task < tasks.end; task++) {
    size_t first = piece * CK_COPY_PIECE;
    copy_run(ck_smaller(inner - first, CK_COPY_PIECE), a->x + place.offset[0] + first * x_stride,
             x_stride, a->y + place.offset[1] + first * y_stride, y_stride);
    if (++piece == pieces) {
      piece = 0;
      ck_advance(w, outer, &place);
    }
  }
}

/* The last two axes trade places: x is contiguous along the last but one, y along the last. In
 * square blocks, so that every cache line read or written is used whole. */
static void transpose(const ck_copy_f32_args *a, const ck_walk *w, size_t thread, size_t threads) {
  size_t outer = w->rank - 2, rows = w->lengths[outer], columns = w->lengths[outer + 1];
  size_t x_stride = w->strides[0][outer + 1], y_stride = w->strides[1][outer];
  size_t bands = (rows + CK_TRANSPOSE_BLOCK - 1) / CK_TRANSPOSE_BLOCK;
  ck_range tasks = ck_share(ck_walk_count(w, outer) * bands, 1, thread, threads);
  for (size_t task = tasks.begin; task < tasks.end; task++) {
    ck_place place = ck_place_at(w, outer, task / bands);
    size_t row = task % bands * CK_TRANSPOSE_BLOCK;
    size_t height = ck_smaller(rows - row, CK_TRANSPOSE_BLOCK);
    const float *x = a->x + place.offset[0] + row;
    float *y = a->y + place.offset[1] + row * y_stride;
    for (size_t column = 0; column < columns; column += CK_TRANSPOSE_BLOCK) {
      size_t width = ck_smaller(columns - column, CK_TRANSPOSE_BLOCK);
      for (size_t i = 0; i < height; i++) {
        for (size_t j = column; j < column + width; j++) y[i * y_stride + j] = x[j * x_stride + i];
      }
    }
  }
}

CK_KERNEL(ck_copy_f32) {
  const ck_copy_f32_args *a = untyped;
  const size_t *strides[] = {a->x_strides, a->y_strides};
  ck_walk w = ck_make_walk(a->rank, a->lengths, 2, strides);
  size_t last = w.rank - 1;
  if (w.rank >= 2 && w.strides[0][last - 1] == 1 && w.strides[0][last] > 1 &&
      w.strides[1][last] == 1) {
    transpose(a, &w, thread, threads);
  } else {
    copy_runs(a, &w, thread, threads);
  }
}
