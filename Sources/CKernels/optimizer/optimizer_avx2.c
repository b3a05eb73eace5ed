#if defined(__x86_64__)
#include "../common/begin_avx2.h"
#include "optimizer.inc"
#include "../common/end_target.h"
#endif
