#include <math.h>

#include "../common/begin_scalar.h"
#include "../common/row.inc"
#include "cross_entropy.inc"
