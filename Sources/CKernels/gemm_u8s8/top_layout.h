/* The scratch of ck_top_u8s8. */
#ifndef CK_TOP_LAYOUT_H
#define CK_TOP_LAYOUT_H

#include "../common/kernel.h"

/* Where its parts begin, in floats. */
typedef struct ck_top_layout {
  size_t sums;   /* double [parts, M] */
  size_t maxima; /* [parts, M] */
  size_t logits; /* [threads, M, CK_CANDIDATES] */
  size_t ids;    /* int32 [threads, M, CK_CANDIDATES] */
  size_t tiles;  /* [threads, M, CK_SUM_COLUMNS] */
  size_t total;
} ck_top_layout;

CK_INLINE ck_top_layout ck_top_layout_of(size_t m, size_t n, size_t threads) {
  ck_top_layout l;
  size_t parts = (n + CK_SUM_COLUMNS - 1) / CK_SUM_COLUMNS;
  size_t lists = ck_round_up(threads * m * CK_CANDIDATES, 16);
  l.sums = 0;
  l.maxima = l.sums + ck_round_up(2 * parts * m, 16);
  l.logits = l.maxima + ck_round_up(parts * m, 16);
  l.ids = l.logits + lists;
  l.tiles = l.ids + lists;
  l.total = l.tiles + threads * ck_round_up(m * CK_SUM_COLUMNS, 16);
  return l;
}

#endif
