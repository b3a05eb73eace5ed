#include "attention_u8s8_layout.h"

size_t ck_attention_u8s8_scratch(size_t keys, size_t head_width, size_t threads) {
  return ck_quantized_attention_layout(keys, head_width).total * threads;
}
