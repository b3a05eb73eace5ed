#include <assert.h>

#include "ckernels.h"

#define CK_DECLARE(name, variant) void name##_##variant(const void *, size_t, size_t);
#if defined(__x86_64__)
#define CK_DECLARE_X86(name, variant) CK_DECLARE(name, variant)
#define CK_X86(function) function
#else
#define CK_DECLARE_X86(name, variant)
#define CK_X86(function) NULL
#endif

#define CK_SCALAR_ONLY(op, name) CK_DECLARE(name, scalar)
#define CK_UP_TO_AVX2(op, name) CK_SCALAR_ONLY(op, name) CK_DECLARE_X86(name, avx2)
#define CK_UP_TO_AVX512VNNI(op, name) CK_UP_TO_AVX2(op, name) CK_DECLARE_X86(name, avx512vnni)
#include "kernels.inc"
#undef CK_SCALAR_ONLY
#undef CK_UP_TO_AVX2
#undef CK_UP_TO_AVX512VNNI

#define CK_SCALAR_ONLY(op, name) [op] = {name##_scalar},
#define CK_UP_TO_AVX2(op, name) [op] = {name##_scalar, CK_X86(name##_avx2)},
#define CK_UP_TO_AVX512VNNI(op, name) \
  [op] = {name##_scalar, CK_X86(name##_avx2), CK_X86(name##_avx512vnni)},
static const ck_kernel _Nullable table[CK_OP_COUNT][CK_ISA_AVX512VNNI + 1] = {
#include "kernels.inc"
};

ck_kernel ck_kernel_for(ck_op op, ck_isa isa) {
  assert(op < CK_OP_COUNT && isa <= CK_ISA_AVX512VNNI);
  while (!table[op][isa]) isa = (ck_isa)(isa - 1);
  return table[op][isa];
}
