/* The kernels of gitc: what each computes, and how a bound program runs them.
 *
 * Every kernel is one SPMD body, `kernel(args, thread, threads)`: all threads of the region call it
 * with the same arguments, and it divides the work itself. Work is divided so that each result
 * element is computed by one thread in one fixed order: results do not depend on `threads`.
 *
 * Rules for all of them. Tensors are dense and row-major unless a stride is named; strides and
 * sizes count elements, never bytes. Nothing outside the named extents is touched; no alignment is
 * needed. Results do not overlap inputs unless said. Sizes may be 0. Kernels do not allocate, lock,
 * do I/O or keep state. A broken requirement is the caller's bug (checked by assert).
 *
 * Numbers. Round to nearest, ties to even; no contraction but explicit fma; no fast-math. Every
 * float kernel is written once over 8-lane vectors and instantiated per ISA, so that all variants
 * return the same bits (the payload of a NaN apart); integer kernels return the same bits because
 * they are exact.
 *
 * Names: CK_<OP>_<types>; args struct ck_<op>_args. M rows, N columns, K reduction, B batch,
 * D model width. */
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

typedef void (*ck_kernel)(const void *args, size_t thread, size_t threads);

/* Instruction set clusters, worst first; an architecture has some of them. */
typedef enum ck_isa {
  CK_ISA_SCALAR = 0,
  CK_ISA_AVX2 = 1,       /* AVX2, FMA, F16C */
  CK_ISA_AVXVNNI = 2,    /* those and AVX-VNNI */
  CK_ISA_AVX512VNNI = 3, /* AVX-512 F, BW, VL, DQ, VNNI */
  CK_ISA_NEONDOT = 4,    /* 64-bit Arm with FEAT_DotProd */
  CK_ISA_COUNT
} ck_isa;

/* The best cluster this CPU runs. */
ck_isa ck_best_isa(void);
/* Nonzero where this CPU runs `isa`. */
int ck_supports(ck_isa isa);

typedef enum ck_op {
  CK_LINEAR_F32,
  CK_LINEAR_U8S8,
  CK_LINEAR_U8S4,
  CK_MATMUL_F32,
  CK_ATTENTION_F32,
  CK_ATTENTION_U8S8,
  CK_CACHED_ATTENTION_F32,
  CK_ATTENTION_GRADIENT_F32,
  CK_LAYER_NORM_F32,
  CK_LAYER_NORM_GRADIENT_F32,
  CK_QUANTIZE_ROWS_F32,
  CK_SOFTMAX_F32,
  CK_SOFTMAX_GRADIENT_F32,
  CK_EXPONENTIAL_SUM_F32,
  CK_PREFIX_MASK_F32,
  CK_GELU_F32,
  CK_GELU_GRADIENT_F32,
  CK_BINARY_F32,
  CK_SCALE_F32,
  CK_TO_HALF_F32,
  CK_UNARY_F32,
  CK_FILL_F32,
  CK_COPY_F32,
  CK_SUM_F32,
  CK_EMBEDDING_F32,
  CK_EMBEDDING_S8,
  CK_EMBEDDING_GRADIENT_F32,
  CK_PATCHES_F32,
  CK_PATCHES_GRADIENT_F32,
  CK_RELATIVE_INDEX_I32,
  CK_WINDOW_MASK_F32,
  CK_INTERPOLATE_F32,
  CK_INTERPOLATE_GRADIENT_F32,
  CK_DROPOUT_F32,
  CK_CROSS_ENTROPY_F32,
  CK_CROSS_ENTROPY_GRADIENT_F32,
  CK_WEIGHTED_SUM_F32,
  CK_SQUARED_NORM_F32,
  CK_ADAMW_F32,
  CK_OP_COUNT
} ck_op;

/* The variant of `op` for `isa`: the best one that is not better than `isa`; never null. */
ck_kernel ck_kernel_for(ck_op op, ck_isa isa);

/* One bound step. `args` outlives the program. */
typedef struct ck_step {
  ck_kernel kernel;
  const void *args;
  /* Nonzero: the next step reads what this one wrote, so all threads meet before it. */
  uint32_t barrier_after;
} ck_step;

/* Runs the steps in order in one OpenMP region of `threads` threads; returns when all are done.
 * threads >= 1, cores >= 1. Any threads of a process may call it at once: runs whose threads are
 * more than `cores` together take turns, first come, first served. Not reentrant within a region.
 */
void ck_run(const ck_step *steps, size_t count, size_t threads, size_t cores);

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

/* maxima[row] = max x, NaNs left out; sums[row] = Σ e^(x - max), each under 2 ulp or 0 below
 * 2^-126.5, added in double; NaN where one of x is, or where the maximum is infinite. */
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

/* As ck_embedding_f32, of rows that a projection multiplies: y[i, n] = table[ids[i], n] · scale. */
typedef struct ck_embedding_s8_args {
  size_t count, rows, d;
  const int8_t *table;       /* [rows, D] packed as w of ck_linear_u8s8_args */
  const float *table_scales; /* [rows] */
  const int32_t *ids;        /* [count] */
  float *y;
} ck_embedding_s8_args;

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

/* ---- loss and optimizer ---- */

typedef enum ck_smoothing { CK_SMOOTHING_KL, CK_SMOOTHING_UNIFORM } ck_smoothing;

/* loss = mean over rows with labels[row] in 0 ... v-1; see `cross_entropy` of the graph. */
typedef struct ck_cross_entropy_f32_args {
  size_t rows, v;
  ck_smoothing form;
  float amount;
  const float *logits;
  const int32_t *labels;
  float *loss;    /* [1] */
  float *scratch; /* [rows] */
} ck_cross_entropy_f32_args;

typedef struct ck_cross_entropy_gradient_f32_args {
  size_t rows, v;
  ck_smoothing form;
  float amount;
  const float *logits;
  const int32_t *labels;
  const float *dloss; /* [1] */
  float *dlogits;
} ck_cross_entropy_gradient_f32_args;

/* sum = factor * x, or where it adds sum + factor * x, rounded once. */
typedef struct ck_weighted_sum_f32_args {
  size_t count;
  float factor;
  uint32_t adds;
  const float *x;
  float *sum;
} ck_weighted_sum_f32_args;

/* result[0] = Σ x², accumulated in double over fixed blocks of 4096, then over blocks in order. */
typedef struct ck_squared_norm_f32_args {
  size_t count;
  const float *x;
  double *result;
  double *scratch; /* [ceil(count / 4096)] */
} ck_squared_norm_f32_args;

/* AdamW (Loshchilov, Hutter 2019, algorithm 2; PyTorch's form: decay by learning rate):
 *   g = gradient * gradient_scale;  m = beta1 m + (1-beta1) g;  v = beta2 v + (1-beta2) g²
 *   p -= rate * decay * p;  p -= rate * (m / correction1) / (sqrt(v / correction2) + epsilon) */
typedef struct ck_adamw_f32_args {
  size_t count;
  float gradient_scale; /* clipping */
  float learning_rate, weight_decay;
  float beta1, beta2, epsilon;
  float correction1, correction2; /* 1 - beta^step */
  const float *gradient;
  float *parameter, *m, *v;
} ck_adamw_f32_args;

#pragma clang assume_nonnull end

#endif
