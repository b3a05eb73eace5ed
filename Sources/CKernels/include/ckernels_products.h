/* Arguments of the kernels that multiply: projections and attention. See ckernels.h for the rules.
 */
#ifndef CKERNELS_PRODUCTS_H
#define CKERNELS_PRODUCTS_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/* ---- projections ---- */

typedef enum ck_activation {
  CK_ACTIVATION_NONE,
  CK_ACTIVATION_GELU_ERF,
  CK_ACTIVATION_GELU_TANH,
  CK_ACTIVATION_GELU_QUICK
} ck_activation;

enum { CK_MAX_SPLITS = 4 };

/* y[m, n] = activation(sum[m, n] + bias[n]) + residual[m % residual_rows, n], columns divided over
 * `results`: the first split_columns[0] go to results[0] with that row length, and so on. */
typedef struct ck_epilogue {
  const float *_Nullable bias;     /* [N] */
  const float *_Nullable residual; /* [residual_rows, N]; may be results[0] itself */
  size_t residual_rows;
  ck_activation activation;
  size_t split_count; /* 1 ... CK_MAX_SPLITS */
  size_t split_columns[CK_MAX_SPLITS];
  float *_Nullable results[CK_MAX_SPLITS];
} ck_epilogue;

/* sum[m, n] = Σk x[m, k] w[n, k]. Of more than 16 rows each is one chain of fma over k that starts
 * with the bias, and with the residual too where there is no activation; so they do not depend on
 * m. The residual may be results[0] only without an activation. */
typedef struct ck_linear_f32_args {
  size_t m, n, k;
  const float *x; /* [M, K] */
  const float *w; /* [N, K] */
  ck_epilogue epilogue;
  float *scratch; /* ck_linear_f32_scratch floats */
} ck_linear_f32_args;

size_t ck_linear_f32_scratch(size_t m, size_t n, size_t k, size_t threads);

/* sum[m, n] = float(Σk x[m, k] w[n, k] - zero[m] column_sum[n]) * (scale[m] * w_scale[n]).
 *   x      u8 [M, K]
 *   rows   f32 [M, 2]: scale, zero point (a whole number in 0 ... 255) of each row of x
 *   w      packed by ck_pack_s8: [ceil(N/8)][ceil(K/4)][8][4], zeros beyond N and K
 * Exact for every x only if `groups` says so, because AVX2 adds products as int16. Let a run be
 * `groups` neighbouring blocks [8][4] of w, the first at a multiple of `groups`: of one column and
 * of either half of its fours, the largest x times the larger of Σ w > 0 and Σ |w < 0| over a run
 * is at most 32767. 1 holds for every w where x <= 127; 0 promises nothing and takes the widening
 * path there; what holds for a run holds for its parts. Other ISAs are exact whatever it is.
 * Requires K <= 66000 (255 * 127 * K < 2^31). */
typedef struct ck_linear_u8s8_args {
  size_t m, n, k;
  uint32_t groups; /* 0, or a power of two */
  const uint8_t *x;
  const float *rows;
  const int8_t *w;
  const int32_t *column_sums; /* [N] */
  const float *w_scales;      /* [N] */
  ck_epilogue epilogue;
} ck_linear_u8s8_args;

/* The product as ck_quantize_rows_f32 makes it of its rows, which are written nowhere as floats. */
typedef struct ck_requantize_u8s8_args {
  ck_linear_u8s8_args linear; /* one result, which is not written; no residual */
  uint32_t levels;            /* of the result */
  uint8_t *result;            /* [M, N] */
  float *row_scales;          /* [M, 2] */
  float *scratch;             /* ck_requantize_scratch floats */
} ck_requantize_u8s8_args;

size_t ck_requantize_scratch(size_t m, size_t n, size_t threads);

/* The greatest numbers of each row of the product, which itself is written nowhere: those that are
 * above -inf, greatest first, the lower column first among equals; then -inf with column -1. With
 * them what ck_exponential_sum_f32 says of the row, in the same bits. */
enum { CK_CANDIDATES = 16 };

typedef struct ck_top_u8s8_args {
  ck_linear_u8s8_args linear; /* one result, which is not written; no residual */
  float *logits;              /* [M, CK_CANDIDATES] */
  int32_t *ids;               /* [M, CK_CANDIDATES] */
  float *maxima;              /* [M] */
  double *sums;               /* [M] */
  float *scratch;             /* ck_top_scratch floats, aligned to 8 bytes */
} ck_top_u8s8_args;

size_t ck_top_scratch(size_t m, size_t n, size_t threads);

/* The same product, for few rows, with weights of four bits: w[n, k] = multiplier[n, k / 32] q[n,
 * k], q in -8 ... 7, whose bytes are those of ck_pack_s4; `groups` means nothing. Exact for every x
 * and any such bytes. Requires K % 32 == 0 and K <= CK_MOST_S4_COLUMNS. */
enum {
  CK_S4_GROUP = 32,         /* inputs that share a multiplier */
  CK_MOST_S4_COLUMNS = 4096 /* 255 * 8 * 255 * 4096 < 2^31 */
};

/* Bytes of a [N, K] weight packed with four bits: ceil(N/8) * K/32 groups of 8 rows, each with the
 * 8 multipliers as u8, then 4 times 32 bytes: in the low halves q + 8 of one block [8][4], in the
 * high halves that of the next. */
size_t ck_packed_s4_bytes(size_t n, size_t k);
/* Packs w [N, K] where every group is a whole multiplier of at most 127 times four bits, and adds
 * up its rows. Returns 0, or -1 where a group is not. Rows beyond N are zeros. */
int ck_pack_s4(size_t n, size_t k, const int8_t *w, uint8_t *packed, int32_t *column_sums);

/* Bytes of a packed [N, K] weight. */
size_t ck_packed_s8_bytes(size_t n, size_t k);
/* Packs w [N, K] and adds up its rows (both single-threaded; used by the compiler). */
void ck_pack_s8(size_t n, size_t k, const int8_t *w, int8_t *packed, int32_t *column_sums);

/* c[b, m, n] = Σk a[b, m, k] b[b, k, n], one chain of fma over k; transposed operands are [K, M]
 * and [N, K]. */
typedef struct ck_matmul_f32_args {
  size_t batch, m, n, k;
  uint32_t transpose_a, transpose_b;
  const float *a;
  size_t a_batch_stride;
  const float *b;
  size_t b_batch_stride; /* 0: one b serves every batch */
  float *c;              /* [batch, M, N] */
  float *scratch;        /* ck_matmul_f32_scratch floats */
} ck_matmul_f32_args;

size_t ck_matmul_f32_scratch(size_t m, size_t n, size_t k, int transposes_a, size_t threads);

/* ---- attention ---- */

/* Per batch and head: y = softmax(scale * q k^T + bias + mask) v. Head h owns columns
 * [h*D/heads, ...). With `masked`, key j is visible to query i (standing at i' = i + keys -
 * queries) when j < prefix, or i' >= prefix and j <= i'. Without, all keys are. Batch element b
 * adds bias[b % bias_batches], where there is a bias; it may be -inf but for one key of a query. */
typedef struct ck_attention_f32_args {
  size_t batch, queries, keys, heads, head_width;
  float scale;
  uint32_t masked;
  size_t prefix;
  const float *q;              /* [batch, queries, D] */
  const float *k;              /* [batch, keys, D] */
  const float *v;              /* [batch, keys, D] */
  const float *_Nullable bias; /* [bias_batches, heads, queries, keys] */
  size_t bias_batches;         /* divides batch */
  float *y;                    /* [batch, queries, D] */
  float *scratch;              /* ck_attention_scratch floats */
} ck_attention_f32_args;

size_t ck_attention_scratch(size_t batch, size_t queries, size_t keys, size_t heads,
                            size_t head_width, size_t threads);

/* The same without mask and bias, in integers. Per batch element and head:
 *
 *   Q, zero, q_scale = ck_quantize_rows of each row of q, 127 levels
 *   K, k_scale = signed integers of each row of k, less the mean of each column over all keys
 *   V, v_scale = signed integers of each column of v, less its mean
 *   s[j] = Σ (Q - zero) K[j] * k_scale[j]
 *   P[j] = rint(127 e^(scale * q_scale * (s[j] - max s))), the power within 1e-4 of itself
 *   y[c] = Σ P V[c] * (v_scale[c] / Σ P) + mean of v[c]
 *
 * A mean is the sum of four chains of every fourth key, divided. Signed integers are rint(x /
 * scale), 0 for what is no number, where scale is the larger of max |x| / 127 and B / 254, or 1
 * below 2^-126. B is the largest sum, of either sign, over any eight elements that meet in an
 * int16: of four neighbouring words of four elements, the first at a multiple of four, either the
 * first two elements or the last two. Words of K are neighbouring columns; word i of V is of keys
 * i, W + i, 2W + i and 3W + i, where W = ceil(keys / 4), zeros beyond the keys.
 *
 * Requires scale > 0, 1 ... CK_MOST_QUANTIZED_KEYS keys and heads of CK_MOST_QUANTIZED_WIDTH
 * columns at most. */
enum {
  CK_MOST_QUANTIZED_KEYS = 66000, /* 127 * 127 * 66000 < 2^31 */
  CK_MOST_QUANTIZED_WIDTH = 1024, /* of a head: 127 * 127 * 1024 < 2^24 */
};

typedef struct ck_attention_u8s8_args {
  size_t batch, queries, keys, heads, head_width;
  float scale;
  const float *q; /* [batch, queries, D] */
  const float *k; /* [batch, keys, D] */
  const float *v; /* [batch, keys, D] */
  float *y;       /* [batch, queries, D] */
  float *scratch; /* ck_attention_u8s8_scratch floats */
} ck_attention_u8s8_args;

size_t ck_attention_u8s8_scratch(size_t keys, size_t head_width, size_t threads);

/* Dq, dk, dv, dbias of ck_attention_f32, all overwritten; probabilities are computed again. With a
 * bias batch elements are divided over threads by their bias. */
typedef struct ck_attention_gradient_f32_args {
  size_t batch, queries, keys, heads, head_width;
  float scale;
  uint32_t masked;
  size_t prefix;
  const float *q, *k, *v;
  const float *_Nullable bias; /* [bias_batches, heads, queries, keys] */
  size_t bias_batches;         /* divides batch */
  const float *dy;             /* [batch, queries, D] */
  float *dq, *dk, *dv;
  float *_Nullable dbias; /* like bias */
  float *scratch;         /* ck_attention_gradient_scratch floats */
} ck_attention_gradient_f32_args;

/* bias_batches is 0 without a bias. */
size_t ck_attention_gradient_scratch(size_t batch, size_t queries, size_t keys, size_t heads,
                                     size_t head_width, size_t bias_batches, size_t threads);

/* New text rows over a cached prefix and cached text; see `cached_attention` of the graph.
 * First appends row r of k, v of sequence s to text_k/v[s, positions[r]]; then query r of sequence
 * s sees prefix rows of image source[s], and rows text[slots[s, p], p] for p = 0 ... positions[r].
 * Indices are data: one that is out of range stands for the last that is in range, and of the
 * positions only the first is read, the others follow it. Requires images >= 1, rows <= L. */
typedef struct ck_cached_attention_f32_args {
  size_t sequences, rows, heads, head_width;
  size_t images;
  size_t prefix_rows; /* P */
  size_t capacity;    /* L */
  float scale;
  const float *q, *k, *v; /* [sequences, rows, D] */
  uint32_t half_prefix;   /* nonzero: of the prefix each number is a binary16, else a float */
  const void *prefix_k, *prefix_v; /* [images, P, D] */
  float *text_k, *text_v;          /* [sequences, L, D] */
  const int32_t *source;           /* [sequences] */
  const int32_t *slots;            /* [sequences, L] */
  const int32_t *positions;        /* [rows], consecutive */
  float *y;                        /* [sequences, rows, D] */
  float *scratch;                  /* ck_cached_attention_scratch floats */
} ck_cached_attention_f32_args;

size_t ck_cached_attention_scratch(size_t heads, size_t head_width, size_t prefix_rows,
                                   size_t capacity, size_t threads);

#pragma clang assume_nonnull end

#endif
