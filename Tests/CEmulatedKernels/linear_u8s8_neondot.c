#include "emulated.h"

#if !defined(__aarch64__) && __has_include(<simde/arm/neon.h>)
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/arm/neon.h>
/* Loops of portable forms are longer than the optimizer unrolls. */
#pragma clang diagnostic ignored "-Wpass-failed"

#define CK_EMULATED_NEON
#define ck_linear_u8s8_neondot ck_linear_u8s8_neondot_emulated
void ck_linear_u8s8_neondot(const void *untyped, size_t thread, size_t threads);
#include "../../Sources/CKernels/gemm_u8s8/linear_u8s8_neondot.c"

ck_kernel emulated_kernel_for(ck_op op) {
  return op == CK_LINEAR_U8S8 ? ck_linear_u8s8_neondot : NULL;
}
#else
ck_kernel emulated_kernel_for(ck_op op) {
  (void)op;
  return NULL;
}
#endif
