/* Arguments of the kernels over rows and elements. See ckernels.h for the rules. */
#ifndef CKERNELS_ROWS_H
#define CKERNELS_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "ckernels_products.h"

#pragma clang assume_nonnull begin

/* ---- rows ---- */

/* z = x + residual[row % residual_rows]; y = (z - mean) / sqrt(var + epsilon) * gamma + beta, then
 * y is written, quantized (see ck_quantize_rows), or both. y may be x. */
typedef struct ck_layer_norm_f32_args {
  size_t rows, d;
  float epsilon;
  const float *x;
  const float *_Nullable residual;
  size_t residual_rows;
  const float *gamma, *beta;
  float *_Nullable y;
  uint8_t *_Nullable quantized;
  float *_Nullable quantized_rows; /* [rows, 2] */
  uint32_t levels;
  float *scratch; /* ck_layer_norm_scratch floats: a row per thread */
} ck_layer_norm_f32_args;

size_t ck_layer_norm_scratch(size_t d, size_t threads);

typedef struct ck_layer_norm_gradient_f32_args {
  size_t rows, d;
  float epsilon;
  const float *x, *gamma, *dy;
  float *dx;
  float *dgamma, *dbeta; /* [D], overwritten */
  float *scratch;        /* ck_layer_norm_gradient_scratch floats */
} ck_layer_norm_gradient_f32_args;

size_t ck_layer_norm_gradient_scratch(size_t rows, size_t d, size_t threads);

/* low = min(0, min x); high = max(0, max x);
 * scale = (high - low) / levels, or 1 when that is below 2^-126, where its inverse is not finite;
 * inverse = 1 / scale; zero = rint(-low * inverse);
 * result = clamp(rint(x * inverse) + zero, 0, levels); row_scales[row] = (scale, zero). */
typedef struct ck_quantize_rows_f32_args {
  size_t rows, k;
  uint32_t levels;
  const float *x;
  uint8_t *result;
  float *row_scales; /* [rows, 2] */
} ck_quantize_rows_f32_args;

/* y = the nearest binary16 to x, ties to even, within -65504 ... 65504; NaN stays one. */
typedef struct ck_to_half_f32_args {
  size_t count;
  const float *x;
  uint16_t *y;
} ck_to_half_f32_args;

/* y = softmax of each row; y may be x. */
typedef struct ck_softmax_f32_args {
  size_t rows, n;
  const float *x;
  float *y;
} ck_softmax_f32_args;

/* dx = y (dy - Σ y dy) per row. */
typedef struct ck_softmax_gradient_f32_args {
  size_t rows, n;
  const float *y, *dy;
  float *dx;
} ck_softmax_gradient_f32_args;

/* maxima[row] = max x, NaNs left out; sums[row] = Σ e^(x - max), added in double part by part: e^(x
 * - the part's max), each under 2 ulp or 0 below 2^-126.5, then times e^(the part's max - max). NaN
 * where one of x is, or where the maximum is +inf; 0 where all are -inf. */
enum { CK_SUM_COLUMNS = 256 }; /* of a part */

typedef struct ck_exponential_sum_f32_args {
  size_t rows, n;
  const float *x;
  float *maxima; /* [rows] */
  double *sums;  /* [rows] */
} ck_exponential_sum_f32_args;

/* y = x where visible (see attention, queries = keys = s), else -inf; y may be x. */
typedef struct ck_prefix_mask_f32_args {
  size_t batch, s, prefix;
  const float *x;
  float *y;
} ck_prefix_mask_f32_args;

/* ---- elements ---- */

/* activation is not NONE; y may be x. */
typedef struct ck_gelu_f32_args {
  size_t count;
  ck_activation activation;
  const float *x;
  float *y;
} ck_gelu_f32_args;

typedef struct ck_gelu_gradient_f32_args {
  size_t count;
  ck_activation activation;
  const float *x, *dy;
  float *dx;
} ck_gelu_gradient_f32_args;

enum { CK_MAX_RANK = 6 };

typedef enum ck_binary { CK_BINARY_ADD, CK_BINARY_MULTIPLY } ck_binary;

/* y[i] = a[i] op b[i] over `lengths`; a stride of 0 repeats. y is dense and may be a or b where
 * that one is dense too. Unused leading lengths are left out: 0 <= rank <= CK_MAX_RANK. */
typedef struct ck_binary_f32_args {
  ck_binary op;
  size_t rank;
  size_t lengths[CK_MAX_RANK];
  size_t a_strides[CK_MAX_RANK];
  size_t b_strides[CK_MAX_RANK];
  const float *a, *b;
  float *y;
} ck_binary_f32_args;

typedef enum ck_unary { CK_UNARY_EXP, CK_UNARY_RSQRT } ck_unary;

/* y = e^x under 2 ulp, or 1/sqrt(x) of two roundings; y may be x. */
typedef struct ck_unary_f32_args {
  size_t count;
  ck_unary op;
  const float *x;
  float *y;
} ck_unary_f32_args;

typedef struct ck_scale_f32_args {
  size_t count;
  float factor;
  const float *x;
  float *y; /* may be x */
} ck_scale_f32_args;

typedef struct ck_fill_f32_args {
  size_t count;
  float value;
  float *y;
} ck_fill_f32_args;

#pragma clang assume_nonnull end

#endif
