#include "message.h"

#include <assert.h>
#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

/* What libpng's callbacks share with us: the bytes still to read, and where an error goes. */
typedef struct reader {
  const uint8_t *bytes;
  size_t count;
  size_t position;
  char *message;
  size_t capacity;
} reader;

static void read_bytes(png_structp png, png_bytep target, size_t count) {
  reader *from = png_get_io_ptr(png);
  if (count > from->count - from->position) png_error(png, "the file is cut short");
  memcpy(target, from->bytes + from->position, count);
  from->position += count;
}

static void on_read_error(png_structp png, png_const_charp text) {
  reader *from = png_get_error_ptr(png);
  cm_fail(CM_DAMAGED, from->message, from->capacity, text);
  png_longjmp(png, 1);
}

/* Warnings are about ancillary chunks (colour profiles, text); the pixels do not depend on them. */
static void on_warning(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

/* 16-bit grey, by now as RGB, to bytes: what is above 255 becomes 255. */
static void clip_to_bytes(png_structp png, png_row_infop row, png_bytep samples) {
  (void)png;
  size_t count = (size_t)row->width * row->channels;
  for (size_t i = 0; i < count; i++) {
    samples[i] = samples[2 * i] != 0 ? 255 : samples[2 * i + 1];
  }
}

/* Reads the header, and the pixels where `rgb` is not NULL. Everything a longjmp may cross is set
 * before setjmp and not changed after it, or only reached through pointers. */
static cm_status read_png(reader *from, int32_t *width, int32_t *height, uint8_t *rgb) {
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, from, on_read_error, on_warning);
  if (png == NULL) {
    return cm_fail(CM_NO_MEMORY, from->message, from->capacity, "out of memory");
  }
  png_infop info = png_create_info_struct(png);
  if (info == NULL) {
    png_destroy_read_struct(&png, NULL, NULL);
    return cm_fail(CM_NO_MEMORY, from->message, from->capacity, "out of memory");
  }
  if (setjmp(png_jmpbuf(png)) != 0) {
    png_destroy_read_struct(&png, &info, NULL);
    return CM_DAMAGED;
  }
  png_set_read_fn(png, from, read_bytes);
  png_read_info(png, info);
  if (rgb == NULL) {
    *width = (int32_t)png_get_image_width(png, info); /* libpng refuses sides above 1,000,000 */
    *height = (int32_t)png_get_image_height(png, info);
  } else {
    assert(*width == (int32_t)png_get_image_width(png, info));
    assert(*height == (int32_t)png_get_image_height(png, info));
    png_set_palette_to_rgb(png);
    png_set_expand_gray_1_2_4_to_8(png);
    png_set_gray_to_rgb(png);
    if (png_get_color_type(png, info) == PNG_COLOR_TYPE_GRAY &&
        png_get_bit_depth(png, info) == 16) {
      png_set_read_user_transform_fn(png, clip_to_bytes);
      png_set_user_transform_info(png, NULL, 8, 3);
    } else {
      png_set_strip_16(png);
    }
    png_set_strip_alpha(png);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    size_t row = (size_t)*width * 3;
    if (png_get_rowbytes(png, info) != row) png_error(png, "rows of an unexpected length");
    for (int pass = 0; pass < passes; pass++) {
      for (size_t y = 0; y < (size_t)*height; y++) png_read_row(png, rgb + y * row, NULL);
    }
    png_read_end(png, NULL); /* the checksum of the last data is only read here */
  }
  png_destroy_read_struct(&png, &info, NULL);
  return CM_OK;
}

cm_status cm_png_size(const uint8_t *bytes, size_t count, int32_t *width, int32_t *height,
                      char *message, size_t capacity) {
  reader from = {bytes, count, 0, message, capacity};
  return read_png(&from, width, height, NULL);
}

cm_status cm_png_decode(const uint8_t *bytes, size_t count, int32_t width, int32_t height,
                        uint8_t *rgb, char *message, size_t capacity) {
  reader from = {bytes, count, 0, message, capacity};
  return read_png(&from, &width, &height, rgb);
}

typedef struct writer {
  uint8_t *bytes;
  size_t count;
  size_t capacity;
} writer;

static void write_bytes(png_structp png, png_bytep source, size_t count) {
  writer *to = png_get_io_ptr(png);
  if (count > to->capacity - to->count) {
    size_t capacity = to->capacity * 2 + count;
    uint8_t *bytes = realloc(to->bytes, capacity);
    if (bytes == NULL) png_error(png, "out of memory");
    to->bytes = bytes;
    to->capacity = capacity;
  }
  memcpy(to->bytes + to->count, source, count);
  to->count += count;
}

static void flush_bytes(png_structp png) { (void)png; }

static void on_write_error(png_structp png, png_const_charp text) {
  (void)text; /* only memory can fail */
  png_longjmp(png, 1);
}

/* As in read_png, what a longjmp may cross is reached through `to`. */
static cm_status write_png(writer *to, const uint8_t *rgb, int32_t width, int32_t height) {
  png_structp png =
      png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, on_write_error, on_warning);
  if (png == NULL) return CM_NO_MEMORY;
  png_infop info = png_create_info_struct(png);
  if (info == NULL || setjmp(png_jmpbuf(png)) != 0) {
    png_destroy_write_struct(&png, &info);
    return CM_NO_MEMORY;
  }
  png_set_write_fn(png, to, write_bytes, flush_bytes);
  png_set_user_limits(png, 0x7fffffff, 0x7fffffff);
  png_set_IHDR(png, info, (uint32_t)width, (uint32_t)height, 8, PNG_COLOR_TYPE_RGB,
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  for (size_t y = 0; y < (size_t)height; y++) {
    png_write_row(png, rgb + y * (size_t)width * 3);
  }
  png_write_end(png, NULL);
  png_destroy_write_struct(&png, &info);
  return CM_OK;
}

cm_status cm_png_encode(const uint8_t *rgb, int32_t width, int32_t height, uint8_t **bytes,
                        size_t *count) {
  assert(width > 0 && height > 0);
  writer to = {NULL, 0, 0};
  cm_status status = write_png(&to, rgb, width, height);
  if (status != CM_OK) free(to.bytes);
  *bytes = status == CM_OK ? to.bytes : NULL;
  *count = status == CM_OK ? to.count : 0;
  return status;
}
