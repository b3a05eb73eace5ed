#include "emulation.h"

#if defined(CK_EMULATED_NEON)
#include "../../Sources/CKernels/gemm_u8s8/linear_u8s8_neondot.c"
#endif
