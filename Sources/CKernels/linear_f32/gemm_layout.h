/* How a product is cut into blocks, and how they divide a thread's scratch. */
#ifndef CK_GEMM_LAYOUT_H
#define CK_GEMM_LAYOUT_H

#include "../common/kernel.h"

/* A panel of B, 32 columns of CK_GEMM_DEPTH, stays in the first-level cache while the rows of a
 * block of A, from the second-level cache, are multiplied by it. Rows are a multiple of six and of
 * eight, those of tiles. */
enum { CK_GEMM_ROWS = 192, CK_GEMM_COLUMNS = 256, CK_GEMM_DEPTH = 256 };

typedef struct ck_gemm_sizes {
  /* Offsets into a thread's scratch. */
  size_t b, a, total;
} ck_gemm_sizes;

/* `packs_a` where A's rows are not contiguous. */
CK_INLINE ck_gemm_sizes ck_gemm_layout(size_t m, size_t n, size_t k, int packs_a) {
  size_t rows = packs_a ? ck_smaller(ck_round_up(m, 24), CK_GEMM_ROWS) : 0;
  size_t columns = ck_smaller(ck_round_up(n, 16), CK_GEMM_COLUMNS);
  size_t depth = ck_smaller(k, CK_GEMM_DEPTH);
  ck_gemm_sizes s = {.b = 0};                    /* [columns/16][depth][16] */
  s.a = s.b + columns * depth;                   /* [rows/unit][depth][unit] */
  s.total = ck_round_up(s.a + rows * depth, 16); /* whole cache lines */
  return s;
}

/* Up to this many rows dot products beat blocks, which first pack the weights: few rows do not pay
 * that back. */
enum { CK_DOT_ROWS = 16 };

#endif
