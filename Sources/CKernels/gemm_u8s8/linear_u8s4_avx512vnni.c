#if defined(__x86_64__)
#include "../common/begin_avx512vnni.h"
#include "../common/epilogue.inc"
#include "s4.h"
#include "tile.h"

enum { CK_S4_ROWS = 8 };
#define CK_DPBUSD _mm256_dpbusd_epi32
#include "vnni_s4.inc"
#include "linear_u8s4.inc"
#include "../common/end_target.h"
#endif
