/* How ck_requantize_u8s8 divides its work, and its scratch. */
#ifndef CK_REQUANTIZE_LAYOUT_H
#define CK_REQUANTIZE_LAYOUT_H

#include "../common/kernel.h"
#include "row_group.h"

/* Of fewer rows for each thread, threads share the columns: then none reads all weights. */
enum { CK_ROWS_OF_ONE_THREAD = 64 };

/* The product is in front: [rows, N], for each thread where they share rows. */
typedef struct ck_requantize_layout {
  int by_rows; /* whether threads share rows */
  size_t rows;
  /* Floats of one product; then, where threads share columns, where [threads, M, 2] extents of
   * those begin. */
  size_t product;
  size_t total;
} ck_requantize_layout;

CK_INLINE ck_requantize_layout ck_requantize_layout_of(size_t m, size_t n, size_t threads) {
  ck_requantize_layout l;
  l.by_rows = m >= CK_ROWS_OF_ONE_THREAD * threads;
  l.rows = l.by_rows ? ck_smaller((m + threads - 1) / threads, CK_ROW_GROUP) : m;
  l.product = ck_round_up(l.rows * n, 16);
  l.total = l.by_rows ? threads * l.product : l.product + threads * ck_round_up(2 * m, 16);
  return l;
}

#endif
