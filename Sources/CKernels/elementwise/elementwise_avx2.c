#if defined(__x86_64__)
#include "../common/begin_avx2.h"
#include "../common/half.inc"
#include "../common/walk.h"
#include "gelu.inc"
#include "binary.inc"
#include "scale.inc"
#include "unary.inc"
#include "to_half.inc"
#include "../common/end_target.h"
#endif
