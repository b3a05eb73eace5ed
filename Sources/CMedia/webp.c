#include "message.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <webp/decode.h>
#include <webp/encode.h>

static cm_status explain(VP8StatusCode code, char *message, size_t capacity) {
  switch (code) {
    case VP8_STATUS_OK:
      return CM_OK;
    case VP8_STATUS_OUT_OF_MEMORY:
      return cm_fail(CM_NO_MEMORY, message, capacity, "out of memory");
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      return cm_fail(CM_UNSUPPORTED, message, capacity, "an unsupported kind of WebP");
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED:
      return cm_fail(CM_DAMAGED, message, capacity, "the file is cut short");
    default:
      return cm_fail(CM_DAMAGED, message, capacity, "the bit stream is damaged");
  }
}

cm_status cm_webp_size(const uint8_t *bytes, size_t count, int32_t *width, int32_t *height,
                       char *message, size_t capacity) {
  WebPBitstreamFeatures features;
  cm_status status = explain(WebPGetFeatures(bytes, count, &features), message, capacity);
  if (status != CM_OK) return status;
  if (features.has_animation) {
    return cm_fail(CM_UNSUPPORTED, message, capacity, "an animated WebP");
  }
  *width = features.width;
  *height = features.height;
  return CM_OK;
}

cm_status cm_webp_decode(const uint8_t *bytes, size_t count, int32_t width, int32_t height,
                         uint8_t *rgb, char *message, size_t capacity) {
  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) {
    return cm_fail(CM_UNSUPPORTED, message, capacity, "libwebp of another version");
  }
  config.output.colorspace = MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = rgb;
  config.output.u.RGBA.stride = width * 3;
  config.output.u.RGBA.size = (size_t)width * (size_t)height * 3;
  VP8StatusCode code = WebPDecode(bytes, count, &config);
  WebPFreeDecBuffer(&config.output);
  return explain(code, message, capacity);
}

cm_status cm_webp_encode(const uint8_t *rgb, int32_t width, int32_t height, uint8_t **bytes,
                         size_t *count) {
  assert(width > 0 && height > 0 && width <= 16383 && height <= 16383);
  *bytes = NULL;
  *count = 0;
  uint8_t *encoded = NULL;
  size_t size = WebPEncodeLosslessRGB(rgb, width, height, width * 3, &encoded);
  if (size == 0) return CM_NO_MEMORY;
  uint8_t *copy = malloc(size); /* so that cm_free is one function for all encoders */
  if (copy != NULL) {
    memcpy(copy, encoded, size);
    *bytes = copy;
    *count = size;
  }
  WebPFree(encoded);
  return copy == NULL ? CM_NO_MEMORY : CM_OK;
}
