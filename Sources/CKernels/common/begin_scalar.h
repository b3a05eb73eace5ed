/* Opens a file of baseline instances: no instruction beyond the target's default. */
#define CK_VARIANT scalar
#include "kernel.h"
#include "vector.inc"
#include "math.inc"
