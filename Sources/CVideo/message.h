#ifndef CVIDEO_MESSAGE_H
#define CVIDEO_MESSAGE_H

#include "cvideo.h"

#include <libavutil/error.h>
#include <stdio.h>

/* Pictures beyond this are refused, as for images. */
#define CV_MAXIMUM_PIXELS ((int64_t)1 << 28)

/* Writes `text` to a caller's message buffer and passes `status` on. */
static inline cv_status cv_fail(cv_status status, char *message, size_t capacity,
                                const char *text) {
  if (capacity > 0) snprintf(message, capacity, "%s", text);
  return status;
}

/* The same with FFmpeg's words for `code` behind `text`; a lack of memory becomes CV_NO_MEMORY. */
static inline cv_status cv_fail_code(cv_status status, char *message, size_t capacity,
                                     const char *text, int code) {
  char words[AV_ERROR_MAX_STRING_SIZE] = "";
  av_strerror(code, words, sizeof words);
  if (capacity > 0) snprintf(message, capacity, "%s (%s)", text, words);
  return code == AVERROR(ENOMEM) ? CV_NO_MEMORY : status;
}

#endif
