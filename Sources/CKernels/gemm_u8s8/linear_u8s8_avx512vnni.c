#if defined(__x86_64__)
#include "../common/begin_avx512vnni.h"
#include "../common/epilogue.inc"
#include "tile.h"
#include "tile_avx512vnni.inc"
#include "tile_rows.inc"
#include "linear_u8s8.inc"
#include "requantize_u8s8.inc"
#include "top_u8s8.inc"
#include "../common/end_target.h"
#endif
