#if defined(__x86_64__)
#include "../common/begin_avx512vnni.h"
#include "../common/dot.inc"
#include "../common/epilogue.inc"
#include "../common/tile.inc"
#include "gemm_layout.h"
#include "gemm.inc"
#include "linear_f32.inc"
#include "matmul_f32.inc"
#include "../common/end_target.h"
#endif
