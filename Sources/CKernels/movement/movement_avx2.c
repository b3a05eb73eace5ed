#if defined(__x86_64__)
#include "../common/begin_avx2.h"
#include "../common/walk.h"
#include "patches.h"
#include "sum.inc"
#include "../common/end_target.h"
#endif
