/* Opens a file of AVX2 instances; close it with end_target.h. */
#define CK_VARIANT avx2
#define CK_MASKED_MOVES /* a call of memcpy would empty the vector registers */
#define CK_F16C
#include <immintrin.h>
#include "kernel.h"
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#include "vector.inc"
#include "math.inc"
