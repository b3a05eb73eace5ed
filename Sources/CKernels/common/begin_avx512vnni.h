/* Opens a file of AVX-512-VNNI instances; close it with end_target.h. CK_512_BITS is for bodies
 * that have a form for such vectors. */
#define CK_VARIANT avx512vnni
#define CK_512_BITS
#define CK_MASKED_MOVES /* a call of memcpy would empty the vector registers */
#include <immintrin.h>
#include "kernel.h"
#pragma clang attribute push(                                                               \
    __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni"))), \
    apply_to = function)
#include "vector.inc"
#include "math.inc"
/* The same for sixteen lanes. */
#undef CK_FLOATS
#undef CK_INTEGERS
#define CK_FLOATS f32x16
#define CK_INTEGERS i32x16
#include "lanes.inc"
#include "math.inc"
