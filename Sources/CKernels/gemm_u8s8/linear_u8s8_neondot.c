#if defined(__aarch64__) || defined(CK_EMULATED_NEON)
#include "../common/begin_neondot.h"
#include "../common/epilogue.inc"
#include "tile.h"
#include "tile_neondot.inc"
#include "tile_rows.inc"
#include "linear_u8s8.inc"
#include "requantize_u8s8.inc"
#include "top_u8s8.inc"
#include "../common/end_target.h"
#endif
