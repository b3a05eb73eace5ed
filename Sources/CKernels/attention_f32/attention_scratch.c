#include "attention_layout.h"

size_t ck_attention_scratch(size_t batch, size_t queries, size_t keys, size_t heads,
                            size_t head_width, size_t threads) {
  (void)batch, (void)queries, (void)heads;
  return ck_attention_layout(keys, head_width).total * threads;
}

size_t ck_attention_gradient_scratch(size_t batch, size_t queries, size_t keys, size_t heads,
                                     size_t head_width, size_t bias_batches, size_t threads) {
  size_t own = ck_attention_gradient_layout(queries, keys, head_width).total * threads;
  if (bias_batches == 0) return own;
  return own + ck_bias_sums(batch, bias_batches, heads) * bias_batches * heads * queries * keys;
}

size_t ck_cached_attention_scratch(size_t heads, size_t head_width, size_t prefix_rows,
                                   size_t capacity, size_t threads) {
  size_t row = ck_cached_attention_row(prefix_rows, capacity);
  return ck_cached_attention_layout(heads, head_width, row) * threads;
}
