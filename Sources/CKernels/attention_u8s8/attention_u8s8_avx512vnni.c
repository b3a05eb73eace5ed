#if defined(__x86_64__)
#include "../common/begin_avx512vnni.h"
#include "../common/heads.inc"
#include "../common/quantize.inc"
#include "../gemm_u8s8/tile.h"
#include "../gemm_u8s8/tile_avx512vnni.inc"
#include "../gemm_u8s8/tile_rows.inc"
#include "attention_u8s8_layout.h"
#include "pack_keys.inc"
#include "attention_u8s8.inc"
#include "../common/end_target.h"
#endif
