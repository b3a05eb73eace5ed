#include "../common/begin_scalar.h"
#include "../common/walk.h"
#include "sum.inc"
