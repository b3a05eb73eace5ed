#include "emulation.h"

ck_kernel emulated_kernel_for(ck_op op) {
#if defined(CK_EMULATED_NEON)
  if (op == CK_LINEAR_U8S8) return ck_linear_u8s8_neondot;
  if (op == CK_TOP_U8S8) return ck_top_u8s8_neondot;
  if (op == CK_REQUANTIZE_U8S8) return ck_requantize_u8s8_neondot;
  if (op == CK_ATTENTION_U8S8) return ck_attention_u8s8_neondot;
#else
  (void)op;
#endif
  return NULL;
}
