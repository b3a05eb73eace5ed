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

#include "ckernels_movement.h"
#include "ckernels_products.h"
#include "ckernels_rows.h"
#include "ckernels_training.h"

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
  CK_TOP_U8S8,
  CK_REQUANTIZE_U8S8,
  CK_LINEAR_U8S4,
  CK_MATMUL_F32,
  CK_ATTENTION_F32,
  CK_ATTENTION_U8S8,
  CK_CACHED_ATTENTION_F32,
  CK_ATTENTION_GRADIENT_F32,
  CK_LAYER_NORM_F32,
  CK_EMBEDDING_NORM_F32,
  CK_LAYER_NORM_GRADIENT_F32,
  CK_QUANTIZE_ROWS_F32,
  CK_QUANTIZE_SAMPLES_U8,
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
  CK_KEEP_ROWS_F32,
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

#pragma clang assume_nonnull end

#endif
