#if defined(__x86_64__)
#include "../common/begin_avx512vnni.h"
#include "../common/row.inc"
#include "../common/heads.inc"
#include "../common/tile.inc"
#include "attention_layout.h"
#include "attention.inc"
#include "attention_gradient.inc"
#include "../common/end_target.h"
#endif
