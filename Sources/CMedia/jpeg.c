#include "message.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

/* Pillow decodes with the accurate transform and smooth chroma upsampling. A progressive file may
 * hold thousands of empty scans; LIMITSCANS refuses more than 500. */
#define DECODE_FLAGS (TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS)

/* libjpeg-turbo takes `unsigned long`, which is 32 bits on some systems. */
static cm_status open_decoder(size_t count, tjhandle *decoder, char *message, size_t capacity) {
  if (count != (unsigned long)count) {
    return cm_fail(CM_UNSUPPORTED, message, capacity, "more bytes than libjpeg can address");
  }
  *decoder = tjInitDecompress();
  if (*decoder == NULL) return cm_fail(CM_NO_MEMORY, message, capacity, "out of memory");
  return CM_OK;
}

static cm_status read_header(tjhandle decoder, const uint8_t *bytes, size_t count, int *width,
                             int *height, int *space, char *message, size_t capacity) {
  int subsampling = 0;
  if (tjDecompressHeader3(decoder, bytes, (unsigned long)count, width, height, &subsampling,
                          space) != 0) {
    return cm_fail(CM_DAMAGED, message, capacity, tjGetErrorStr2(decoder));
  }
  if (*width < 1 || *height < 1) {
    return cm_fail(CM_DAMAGED, message, capacity, "an image without pixels");
  }
  return CM_OK;
}

cm_status cm_jpeg_size(const uint8_t *bytes, size_t count, int32_t *width, int32_t *height,
                       char *message, size_t capacity) {
  tjhandle decoder = NULL;
  cm_status status = open_decoder(count, &decoder, message, capacity);
  if (status != CM_OK) return status;
  int space = 0;
  status = read_header(decoder, bytes, count, width, height, &space, message, capacity);
  tjDestroy(decoder);
  return status;
}

/* Warnings with which the pixels are still what the writer meant, and other readers agree. Every
 * other warning means that part of the picture was lost. */
static int harmless(const char *warning) {
  return strstr(warning, "extraneous bytes before marker") != NULL ||
         strstr(warning, "Invalid SOS parameters") != NULL ||
         strstr(warning, "Adobe color transform") != NULL ||
         strstr(warning, "JFIF major revision") != NULL;
}

static cm_status decode(tjhandle decoder, const uint8_t *bytes, size_t count, uint8_t *pixels,
                        int width, int height, int format, char *message, size_t capacity) {
  if (tjDecompress2(decoder, bytes, (unsigned long)count, pixels, width, 0, height, format,
                    DECODE_FLAGS) == 0) {
    return CM_OK;
  }
  const char *text = tjGetErrorStr2(decoder);
  if (tjGetErrorCode(decoder) == TJERR_WARNING && harmless(text)) return CM_OK;
  return cm_fail(CM_DAMAGED, message, capacity, text);
}

/* a * b / 255, rounded, for bytes. */
static uint8_t scale_byte(unsigned a, unsigned b) {
  unsigned product = a * b + 128;
  return (uint8_t)((product + (product >> 8)) >> 8);
}

/* Adobe stores 255 - ink, so a decoded sample is already the light its ink lets through. Pillow
 * inverts to ink, rounds ink * key, and subtracts from the key's light; so the same here. */
static void cmyk_to_rgb(const uint8_t *cmyk, size_t count, uint8_t *rgb) {
  for (size_t i = 0; i < count; i++) {
    unsigned light = cmyk[4 * i + 3];
    for (size_t c = 0; c < 3; c++) {
      unsigned ink = 255u - cmyk[4 * i + c];
      rgb[3 * i + c] = (uint8_t)(light - scale_byte(ink, light));
    }
  }
}

cm_status cm_jpeg_decode(const uint8_t *bytes, size_t count, int32_t width, int32_t height,
                         uint8_t *rgb, char *message, size_t capacity) {
  tjhandle decoder = NULL;
  cm_status status = open_decoder(count, &decoder, message, capacity);
  if (status != CM_OK) return status;
  int real_width = 0, real_height = 0, space = 0;
  status = read_header(decoder, bytes, count, &real_width, &real_height, &space, message, capacity);
  if (status == CM_OK) {
    assert(real_width == width && real_height == height);
    if (space != TJCS_CMYK && space != TJCS_YCCK) {
      status = decode(decoder, bytes, count, rgb, width, height, TJPF_RGB, message, capacity);
    } else {
      size_t pixels = (size_t)width * (size_t)height;
      uint8_t *cmyk = malloc(pixels * 4);
      if (cmyk == NULL) {
        status = cm_fail(CM_NO_MEMORY, message, capacity, "out of memory");
      } else {
        status = decode(decoder, bytes, count, cmyk, width, height, TJPF_CMYK, message, capacity);
        if (status == CM_OK) cmyk_to_rgb(cmyk, pixels, rgb);
        free(cmyk);
      }
    }
  }
  tjDestroy(decoder);
  return status;
}

cm_status cm_jpeg_encode(const uint8_t *rgb, int32_t width, int32_t height, int32_t quality,
                         uint8_t **bytes, size_t *count) {
  assert(width > 0 && height > 0 && width <= 65500 && height <= 65500);
  assert(quality >= 1 && quality <= 100);
  *bytes = NULL;
  *count = 0;
  tjhandle encoder = tjInitCompress();
  if (encoder == NULL) return CM_NO_MEMORY;
  unsigned long size = tjBufSize(width, height, TJSAMP_420);
  uint8_t *buffer = size == (unsigned long)-1 ? NULL : malloc(size);
  cm_status status = CM_NO_MEMORY;
  if (buffer != NULL &&
      tjCompress2(encoder, rgb, width, 0, height, TJPF_RGB, &buffer, &size, TJSAMP_420, quality,
                  TJFLAG_ACCURATEDCT | TJFLAG_NOREALLOC) == 0) {
    *bytes = buffer;
    *count = size;
    buffer = NULL;
    status = CM_OK;
  }
  free(buffer);
  tjDestroy(encoder);
  return status;
}
