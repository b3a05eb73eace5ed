#if defined(__x86_64__)
#include <math.h>

#include "../common/begin_avx2.h"
#include "../common/row.inc"
#include "cross_entropy.inc"
#include "../common/end_target.h"
#endif
