#if defined(__aarch64__) || defined(CK_EMULATED_NEON)
#include "../common/begin_neondot.h"
#include "../common/heads.inc"
#include "../common/quantize.inc"
#include "../gemm_u8s8/tile.h"
#include "../gemm_u8s8/tile_neondot.inc"
#include "../gemm_u8s8/tile_rows.inc"
#include "attention_u8s8_layout.h"
#include "pack_keys.inc"
#include "attention_u8s8.inc"
#include "../common/end_target.h"
#endif
