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
#if defined(__aarch64__)
#define CK_DECLARE_ARM(name, variant) CK_DECLARE(name, variant)
#define CK_ARM(function) function
#else
#define CK_DECLARE_ARM(name, variant)
#define CK_ARM(function) NULL
#endif

#define CK_SCALAR_ONLY(op, name) CK_DECLARE(name, scalar)
#define CK_UP_TO_AVX2(op, name) CK_SCALAR_ONLY(op, name) CK_DECLARE_X86(name, avx2)
#define CK_UP_TO_AVX512VNNI(op, name) CK_UP_TO_AVX2(op, name) CK_DECLARE_X86(name, avx512vnni)
#define CK_OF_X86_INTEGERS(op, name) CK_UP_TO_AVX512VNNI(op, name) CK_DECLARE_X86(name, avxvnni)
#define CK_OF_INTEGERS(op, name) CK_OF_X86_INTEGERS(op, name) CK_DECLARE_ARM(name, neondot)
#include "kernels.inc"
#undef CK_SCALAR_ONLY
#undef CK_UP_TO_AVX2
#undef CK_UP_TO_AVX512VNNI
#undef CK_OF_X86_INTEGERS
#undef CK_OF_INTEGERS

#define CK_SCALAR_ONLY(op, name) [op] = {[CK_ISA_SCALAR] = name##_scalar},
#define CK_UP_TO_AVX2(op, name) \
  [op] = {[CK_ISA_SCALAR] = name##_scalar, [CK_ISA_AVX2] = CK_X86(name##_avx2)},
#define CK_UP_TO_AVX512VNNI(op, name)          \
  [op] = {[CK_ISA_SCALAR] = name##_scalar,     \
          [CK_ISA_AVX2] = CK_X86(name##_avx2), \
          [CK_ISA_AVX512VNNI] = CK_X86(name##_avx512vnni)},
#define CK_OF_X86_INTEGERS(op, name)                 \
  [op] = {[CK_ISA_SCALAR] = name##_scalar,           \
          [CK_ISA_AVX2] = CK_X86(name##_avx2),       \
          [CK_ISA_AVXVNNI] = CK_X86(name##_avxvnni), \
          [CK_ISA_AVX512VNNI] = CK_X86(name##_avx512vnni)},
#define CK_OF_INTEGERS(op, name)                           \
  [op] = {[CK_ISA_SCALAR] = name##_scalar,                 \
          [CK_ISA_AVX2] = CK_X86(name##_avx2),             \
          [CK_ISA_AVXVNNI] = CK_X86(name##_avxvnni),       \
          [CK_ISA_AVX512VNNI] = CK_X86(name##_avx512vnni), \
          [CK_ISA_NEONDOT] = CK_ARM(name##_neondot)},
static const ck_kernel _Nullable table[CK_OP_COUNT][CK_ISA_COUNT] = {
#include "kernels.inc"
};

ck_kernel ck_kernel_for(ck_op op, ck_isa isa) {
  assert(op < CK_OP_COUNT && isa < CK_ISA_COUNT);
  while (!table[op][isa]) isa = (ck_isa)(isa - 1);
  return table[op][isa];
}
