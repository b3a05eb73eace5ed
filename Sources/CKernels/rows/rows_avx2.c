#if defined(__x86_64__)
#include "../common/begin_avx2.h"
#include "../common/quantize.inc"
#include "../common/row.inc"
#include "../common/exponential_sum.inc"
#include "rows_scratch.h"
#include "quantize_rows.inc"
#include "../movement/patches.h"
#include "quantize_samples.inc"
#include "layer_norm.inc"
#include "softmax.inc"
#include "exponential_sum.inc"
#include "../common/end_target.h"
#endif
