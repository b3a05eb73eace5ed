#ifndef CMEDIA_MESSAGE_H
#define CMEDIA_MESSAGE_H

#include "cmedia.h"

#include <stdio.h>

/* Writes `text` to a caller's message buffer and passes `status` on. */
static inline cm_status cm_fail(cm_status status, char *message, size_t capacity,
                                const char *text) {
  if (capacity > 0) snprintf(message, capacity, "%s", text);
  return status;
}

#endif
