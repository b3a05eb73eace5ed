#include "top_layout.h"

size_t ck_top_scratch(size_t m, size_t n, size_t threads) {
  return ck_top_layout_of(m, n, threads).total;
}
