/* Opens a file of AVX-VNNI instances, the 256-bit form of CPUs without AVX-512; close it with
 * end_target.h. */
#define CK_VARIANT avxvnni
#define CK_MASKED_MOVES /* a call of memcpy would empty the vector registers */
#include <immintrin.h>
#include "kernel.h"
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avxvnni"))), apply_to = function)
#include "vector.inc"
#include "math.inc"
