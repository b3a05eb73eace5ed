#include "emulation.h"

#if defined(CK_EMULATED_NEON)
#include "../../Sources/CKernels/attention_u8s8/attention_u8s8_neondot.c"
#endif
