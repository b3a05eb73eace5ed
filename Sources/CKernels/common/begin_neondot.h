/* Opens a file of NEON instances with dot products (FEAT_DotProd, optional in Armv8.2); close it
 * with end_target.h. Tests on other architectures define CK_EMULATED_NEON and bring the intrinsics
 * themselves. */
#define CK_VARIANT neondot
#if defined(CK_EMULATED_NEON)
#define CK_NEON_TARGET __attribute__((annotate("emulated")))
#else
#include <arm_neon.h>
#define CK_NEON_TARGET __attribute__((target("dotprod")))
#endif
#include "kernel.h"
#pragma clang attribute push(CK_NEON_TARGET, apply_to = function)
#include "vector.inc"
#include "math.inc"
