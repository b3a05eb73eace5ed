#include "rows_scratch.h"

#include "../common/kernel.h"

size_t ck_layer_norm_scratch(size_t d, size_t threads) {
  return ck_round_up(d, 16) * threads; /* whole cache lines: rows of two threads share none */
}

size_t ck_embedding_norm_scratch(size_t d, size_t threads) {
  return 2 * ck_layer_norm_scratch(d, threads);
}

size_t ck_quantize_samples_scratch(size_t k, size_t threads) {
  return ck_round_up(k, 16) * threads;
}

size_t ck_layer_norm_gradient_scratch(size_t rows, size_t d, size_t threads) {
  (void)threads;
  size_t blocks = (rows + CK_LAYER_NORM_GRADIENT_ROWS - 1) / CK_LAYER_NORM_GRADIENT_ROWS;
  return blocks * 2 * d;
}
