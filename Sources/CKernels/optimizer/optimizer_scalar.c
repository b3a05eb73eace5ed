#include "../common/begin_scalar.h"
#include "optimizer.inc"
