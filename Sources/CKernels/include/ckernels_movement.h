/* Arguments of the kernels that move, gather and make elements. See ckernels.h for the rules. */
#ifndef CKERNELS_MOVEMENT_H
#define CKERNELS_MOVEMENT_H

#include <stddef.h>
#include <stdint.h>

#include "ckernels_rows.h"

#pragma clang assume_nonnull begin

/* y[Σ i y_strides] = x[Σ i x_strides] for every index under `lengths`: transpose, slice, concat,
 * pad and broadcast. Also copies int32, which has the same size. */
typedef struct ck_copy_f32_args {
  size_t rank;
  size_t lengths[CK_MAX_RANK];
  size_t x_strides[CK_MAX_RANK];
  size_t y_strides[CK_MAX_RANK];
  const float *x;
  float *y;
} ck_copy_f32_args;

/* y[i] = Σ over `summed` of x; y is dense over `lengths`. */
typedef struct ck_sum_f32_args {
  size_t rank; /* of the result */
  size_t lengths[CK_MAX_RANK];
  size_t strides[CK_MAX_RANK]; /* in x */
  size_t summed_rank;
  size_t summed_lengths[CK_MAX_RANK];
  size_t summed_strides[CK_MAX_RANK]; /* in x */
  const float *x;
  float *y;
} ck_sum_f32_args;

/* y[i, :] = table[ids[i], :]. Ids outside 0 ... rows-1 give a row of zeros: ids can come from a
 * caller at run time, and C code never aborts or strays on data. */
typedef struct ck_embedding_f32_args {
  size_t count, rows, d;
  const float *table; /* [rows, D] */
  const int32_t *ids; /* [count] */
  float *y;
} ck_embedding_f32_args;

/* The `kept` rows of each x[b] with the greatest scores, in the order they stand. Scores are
 * compared in IEEE 754's total order; among equals the earlier row stays. `kept` is at most `rows`.
 */
typedef struct ck_keep_rows_f32_args {
  size_t batch, rows, kept, d;
  const float *x;      /* [batch, rows, D] */
  const float *scores; /* [batch, rows] */
  float *y;            /* [batch, kept, D] */
} ck_keep_rows_f32_args;

/* As ck_embedding_f32, of rows that a projection multiplies: y[i, n] = table[ids[i], n] · scale. */
typedef struct ck_embedding_s8_args {
  size_t count, rows, d;
  const int8_t *table;       /* [rows, D] packed as w of ck_linear_u8s8_args */
  const float *table_scales; /* [rows] */
  const int32_t *ids;        /* [count] */
  float *y;
} ck_embedding_s8_args;

/* ck_layer_norm_f32 of embeddings, which are written nowhere: x is row by row what ck_embedding_s8
 * makes of `packed`, or what ck_embedding_f32 makes of `table` where packed.count is 0; the
 * residual what it makes of `residual`, whose count stands for residual_rows, or that of `norm`
 * where residual.count is 0. Their y and the norm's x are not read. */
typedef struct ck_embedding_norm_f32_args {
  ck_embedding_f32_args table;
  ck_embedding_s8_args packed;
  ck_embedding_f32_args residual;
  ck_layer_norm_f32_args norm; /* its scratch: ck_embedding_norm_scratch floats */
} ck_embedding_norm_f32_args;

size_t ck_embedding_norm_scratch(size_t d, size_t threads);

/* table_gradient[r, :] = Σ over i with ids[i] = r of dy[i, :]; overwritten; other ids are ignored.
 */
typedef struct ck_embedding_gradient_f32_args {
  size_t count, rows, d;
  const int32_t *ids;
  const float *dy;
  float *table_gradient;
} ck_embedding_gradient_f32_args;

/* How patches lie on a map [batch, planes, height, width, depth]: with channels first each channel
 * is a plane of depth 1, with channels last there is one plane as deep as the channels. Patches are
 * [batch, down, across, planes, size, size, depth]; patch (py, px) starts at row
 * py * stride - padding and column px * stride - padding; beyond the map are zeros. padding < size,
 * and the last patch starts on the map or its padding:
 * down = (height + 2 * padding - size) / stride + 1, across likewise. */
typedef struct ck_patch_sizes {
  size_t batch, planes, height, width, depth;
  size_t size, stride, padding;
  size_t down, across;
} ck_patch_sizes;

/* y = the patches of x. */
typedef struct ck_patches_f32_args {
  ck_patch_sizes sizes;
  const float *x;
  float *y;
} ck_patches_f32_args;

/* Of samples, table[plane, sample] being their numbers: the patches as ck_quantize_rows_f32 makes
 * them integers, in the same bits. sizes.depth is 1. */
typedef struct ck_quantize_samples_u8_args {
  ck_patch_sizes sizes;
  uint32_t levels;
  const uint8_t *x;   /* [batch, height, width, planes] */
  const float *table; /* [planes, 256] */
  uint8_t *result;    /* [patches, K], K = planes * size * size */
  float *row_scales;  /* [patches, 2] */
  float *scratch;     /* ck_quantize_samples_scratch floats */
} ck_quantize_samples_u8_args;

size_t ck_quantize_samples_scratch(size_t k, size_t threads);

/* dx = the sums of all patches' elements where they lie on the map; overwritten. */
typedef struct ck_patches_gradient_f32_args {
  ck_patch_sizes sizes;
  const float *dy;
  float *dx;
} ck_patches_gradient_f32_args;

/* y[query, key] = the row of a table of relative positions: see `relative_index` of the graph. */
typedef struct ck_relative_index_i32_args {
  size_t window;
  int32_t *y; /* [window², window²] */
} ck_relative_index_i32_args;

/* See `window_mask` of the graph; window divides height and width. */
typedef struct ck_window_mask_f32_args {
  size_t height, width, window, shift;
  float *y; /* [height/window * width/window, window², window²] */
} ck_window_mask_f32_args;
/* A grid of vectors at another size, and the derivative of that by the source; see `interpolate` of
 * the graph. The source has source_rows x source_columns vectors of d, the result rows x columns; x
 * is what is read: the source, or in the gradient the result's derivative. Requires every count
 * but d to be at least 1. */
typedef struct ck_interpolate_f32_args {
  size_t source_rows, source_columns, rows, columns, d;
  const float *x;
  float *y;
} ck_interpolate_f32_args;

/* See `dropout` of the graph; y may be x. */
typedef struct ck_dropout_f32_args {
  size_t count;
  float rate;
  uint32_t salt;
  const int32_t *seed; /* [1] */
  const float *x;
  float *y;
} ck_dropout_f32_args;

#pragma clang assume_nonnull end

#endif
