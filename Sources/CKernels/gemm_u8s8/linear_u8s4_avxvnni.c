#if defined(__x86_64__)
#include "../common/begin_avxvnni.h"
#include "../common/epilogue.inc"
#include "s4.h"
#include "tile.h"

enum { CK_S4_ROWS = 4 };
#define CK_DPBUSD _mm256_dpbusd_avx_epi32
#include "vnni_s4.inc"
#include "linear_u8s4.inc"
#include "../common/end_target.h"
#endif
