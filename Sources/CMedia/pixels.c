#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dladdr */
#endif
#include "message.h"

#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void cm_free(uint8_t *bytes) { free(bytes); }

size_t cm_first_not_finite(const float *values, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (!isfinite(values[i])) return i;
  }
  return count;
}

int cm_module_path(char *path, size_t capacity) {
  Dl_info info;
  if (dladdr((const void *)&cm_module_path, &info) == 0 || info.dli_fname == NULL) return 0;
  size_t length = strlen(info.dli_fname);
  if (length == 0 || length >= capacity) return 0;
  memcpy(path, info.dli_fname, length + 1);
  return 1;
}
