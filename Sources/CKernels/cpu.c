#include "ckernels.h"
#if defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

int ck_supports(ck_isa isa) {
  switch (isa) {
    case CK_ISA_SCALAR:
      return 1;
#if defined(__x86_64__)
    case CK_ISA_AVX2:
      __builtin_cpu_init();
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
             __builtin_cpu_supports("f16c");
    case CK_ISA_AVXVNNI:
      return ck_supports(CK_ISA_AVX2) && __builtin_cpu_supports("avxvnni");
    case CK_ISA_AVX512VNNI:
      return ck_supports(CK_ISA_AVX2) && __builtin_cpu_supports("avx512f") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni");
#elif defined(__aarch64__)
    case CK_ISA_NEONDOT:
#if defined(__linux__)
      return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#elif defined(__APPLE__)
      return 1; /* every Mac that runs 64-bit Arm code */
#else
      return 0;
#endif
#endif
    default:
      return 0;
  }
}

ck_isa ck_best_isa(void) {
  ck_isa best = (ck_isa)(CK_ISA_COUNT - 1);
  while (!ck_supports(best)) best = (ck_isa)(best - 1);
  return best;
}
