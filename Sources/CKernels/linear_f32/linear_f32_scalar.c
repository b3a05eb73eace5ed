#include <cblas.h>

#include "../common/begin_scalar.h"
#include "../common/dot.inc"
#include "../common/epilogue.inc"
#include "linear_f32.inc"
#include "matmul_f32.inc"
