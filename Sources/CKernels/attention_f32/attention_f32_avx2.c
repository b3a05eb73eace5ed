#if defined(__x86_64__)
#include "../common/begin_avx2.h"
#include "../common/row.inc"
#include "../common/dot.inc"
#include "../common/heads.inc"
#include "../common/tile.inc"
#include "attention_layout.h"
#include "attention.inc"
#include "cached_attention.inc"
#include "attention_gradient.inc"
#include "../common/end_target.h"
#endif
