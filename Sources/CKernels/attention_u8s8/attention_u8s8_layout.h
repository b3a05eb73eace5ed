/* How ck_attention_u8s8 divides a thread's scratch. */
#ifndef CK_ATTENTION_U8S8_LAYOUT_H
#define CK_ATTENTION_U8S8_LAYOUT_H

#include "../common/kernel.h"

/* Queries whose scores are held at once: whole tiles of 4, 6, 8 and 12 rows, few enough that the
 * scores of a few hundred keys stay in the first-level cache. */
enum { CK_QUANTIZED_QUERIES = 24 };

typedef struct ck_quantized_attention_sizes {
  size_t
      words; /* of four probabilities; word i is of keys i, words + i, 2 words + i, 3 words + i */
  size_t width;  /* columns of a head, in whole vectors */
  size_t keys;   /* in whole vectors */
  size_t scores; /* floats from one query's scores to the next: read in four streams of vectors */
  /* Offsets into a thread's scratch, in floats. */
  size_t k, k_sums, k_scales, k_hidden, k_means, columns;
  size_t v, v_sums, v_scales, v_means, chains;
  size_t q, q_scales, s, p, total;
} ck_quantized_attention_sizes;

CK_INLINE size_t ck_take(size_t *total, size_t bytes) {
  size_t start = *total;
  *total += ck_round_up(bytes, 64) / sizeof(float);
  return start;
}

CK_INLINE ck_quantized_attention_sizes ck_quantized_attention_layout(size_t keys,
                                                                     size_t head_width) {
  ck_quantized_attention_sizes s = {
      .words = (keys + 3) / 4, .width = ck_round_up(head_width, 8), .keys = ck_round_up(keys, 8)};
  s.scores = ck_round_up(4 * s.words + 8, 16);
  size_t total = 0, floats = sizeof(float), rows = CK_QUANTIZED_QUERIES;
  s.k = ck_take(&total, s.keys * s.width); /* [keys/8][head_width/4][8][4] */
  s.k_sums = ck_take(&total, s.keys * floats);
  s.k_scales = ck_take(&total, s.keys * floats);
  s.k_hidden = ck_take(&total, s.keys * floats);
  s.k_means = ck_take(&total, s.width * floats);
  s.columns = ck_take(&total, s.width * 8 * floats); /* eight keys */
  s.v = ck_take(&total, s.width * s.words * 4);      /* [width/8][words][8][4] */
  s.v_sums = ck_take(&total, s.width * floats);
  s.v_scales = ck_take(&total, s.width * floats);
  s.v_means = ck_take(&total, s.width * floats);
  s.chains = ck_take(&total, 4 * s.width * floats);
  s.q = ck_take(&total, rows * head_width);
  s.q_scales = ck_take(&total, rows * 2 * floats);
  s.s = ck_take(&total, rows * s.scores * floats);
  s.p = ck_take(&total, rows * s.words * 4 + 32); /* whole vectors are stored */
  s.total = total;
  return s;
}

#endif
