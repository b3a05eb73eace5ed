/* Opens a file of AVX2 instances; close it with end_target.h. */
#define CK_VARIANT avx2
#include "kernel.h"
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#include "vector.inc"
#include "math.inc"
