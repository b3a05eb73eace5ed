/* How the attention kernels divide a thread's scratch. */
#ifndef CK_ATTENTION_LAYOUT_H
#define CK_ATTENTION_LAYOUT_H

#include "../common/kernel.h"

/* Queries whose scores are held at once: a multiple of six and eight, the rows of tiles, few enough
 * that the scores of a few hundred keys stay in the second-level cache. */
enum { CK_ATTENTION_ROWS = 48 };

/* Widths and key counts are padded with zeros to whole vectors, keys to whole panels. */
typedef struct ck_attention_sizes {
  size_t width; /* of a head, padded */
  size_t keys;  /* padded */
  /* Offsets into a thread's scratch. */
  size_t k, v, scores, y, total;
} ck_attention_sizes;

CK_INLINE ck_attention_sizes ck_attention_layout(size_t keys, size_t head_width) {
  ck_attention_sizes s = {.width = ck_round_up(head_width, 8), .keys = ck_round_up(keys, 16)};
  s.k = 0;                                     /* [keys/16][head_width][16] */
  s.v = s.k + s.keys * head_width;             /* [keys][width] */
  s.scores = s.v + keys * s.width;             /* [CK_ATTENTION_ROWS][keys] */
  s.y = s.scores + CK_ATTENTION_ROWS * s.keys; /* [CK_ATTENTION_ROWS][width] */
  s.total = ck_round_up(s.y + CK_ATTENTION_ROWS * s.width, 16);
  return s;
}

typedef struct ck_attention_gradient_sizes {
  size_t width, keys; /* padded, as above */
  size_t k_columns, v_columns, k, q, dy, p, ds, result, total;
} ck_attention_gradient_sizes;

CK_INLINE ck_attention_gradient_sizes ck_attention_gradient_layout(size_t queries, size_t keys,
                                                                   size_t head_width) {
  ck_attention_gradient_sizes s = {.width = ck_round_up(head_width, 8),
                                   .keys = ck_round_up(keys, 16)};
  size_t longest = queries > keys ? queries : keys;
  s.k_columns = 0;                                 /* [keys/16][head_width][16] */
  s.v_columns = s.k_columns + s.keys * head_width; /* [keys/16][head_width][16] */
  s.k = s.v_columns + s.keys * head_width;         /* [keys][width] */
  s.q = s.k + keys * s.width;                      /* [queries][width] */
  s.dy = s.q + queries * s.width;                  /* [queries][width] */
  s.p = s.dy + queries * s.width;                  /* [queries][keys] */
  s.ds = s.p + queries * s.keys;                   /* [queries][keys] */
  s.result = s.ds + queries * s.keys;              /* [longest][width] */
  s.total = ck_round_up(s.result + longest * s.width, 16);
  return s;
}

/* The bias of one head of one batch element: [queries, keys] of [batches, heads, queries, keys],
 * whose entries repeat along the batch; null where there is none. */
CK_INLINE const float *ck_attention_bias(const float *bias, size_t batches, size_t heads,
                                         size_t scores, size_t batch, size_t head) {
  return bias ? bias + (batch % batches * heads + head) * scores : NULL;
}

/* Into how many sums the derivative of a bias is divided, each over its share of the batch elements
 * that have the same bias: enough to occupy many threads, and always the same. At least 1. */
CK_INLINE size_t ck_bias_sums(size_t batch, size_t bias_batches, size_t heads) {
  size_t tasks = bias_batches * heads, sums = (64 + tasks - 1) / tasks;
  size_t members = batch / bias_batches;
  return members == 0 ? 1 : ck_smaller(sums, members);
}

/* Queries over one cached prefix that are computed together: the product's rows. */
enum { CK_CACHED_QUERIES = 6 };

/* Scores of one query over a cache: whole vectors, and one more, since eight are stored at once
 * wherever the text starts; the last is their sum. */
CK_INLINE size_t ck_cached_attention_row(size_t prefix_rows, size_t capacity) {
  return ck_round_up(prefix_rows + capacity + 9, 16);
}

/* Keys of which a thread reads the rows of all its heads before it goes on: few enough that these
 * stay near, and so many streams that memory answers at full speed. */
enum { CK_CACHED_BLOCK = 16 };

/* Keys from a block to the one that is asked for meanwhile. */
enum { CK_CACHED_AHEAD = 2 * CK_CACHED_BLOCK };

/* Bytes that are asked for ahead into the first-level cache at most. */
enum { CK_CACHED_NEAR = 24 << 10 };

/* Floats of a thread's scratch: such rows of [heads][CK_CACHED_QUERIES], then those of a block of
 * keys of one head that were 16 bits. */
CK_INLINE size_t ck_cached_attention_layout(size_t heads, size_t head_width, size_t row) {
  return CK_CACHED_QUERIES * heads * row + ck_round_up(CK_CACHED_BLOCK * head_width, 16);
}

#endif
