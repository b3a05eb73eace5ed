/* NEON kernels on other architectures, through SIMDe's portable forms of the intrinsics: slow, and
 * the same bits. */
#ifndef EMULATED_H
#define EMULATED_H

#include "ckernels.h"

#pragma clang assume_nonnull begin

/* The variant of `op` for an Arm with dot products; null where it has none of its own, where SIMDe
 * is not installed, and on an Arm, which runs the real one. */
ck_kernel _Nullable emulated_kernel_for(ck_op op);

#pragma clang assume_nonnull end

#endif
