#include "requantize_layout.h"

size_t ck_requantize_scratch(size_t m, size_t n, size_t threads) {
  return ck_requantize_layout_of(m, n, threads).total;
}
