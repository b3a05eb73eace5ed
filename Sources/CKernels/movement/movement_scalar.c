#include "../common/begin_scalar.h"
#include "../common/walk.h"
#include "patches.h"
#include "sum.inc"
