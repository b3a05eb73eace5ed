/* Images: JPEG, PNG and WebP to and from 8-bit RGB, and Pillow's resize, bit for bit.
 *
 * Pixels are dense, row-major, three bytes each, red first: width * height * 3 bytes. Decoding is
 * in two calls, the size first, so that the caller owns every buffer and can refuse a size. Bytes
 * from outside are never trusted: a function returns a cm_status and never aborts; on failure it
 * leaves a sentence without final period in `message` (cut to `capacity`, always terminated). A
 * broken requirement on sizes is the caller's bug (checked by assert). All functions are
 * thread-safe. */
#ifndef CMEDIA_H
#define CMEDIA_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

typedef enum cm_status {
  CM_OK = 0,
  CM_DAMAGED = 1,     /* cut short or corrupt */
  CM_UNSUPPORTED = 2, /* well-formed, but of a kind that is not decoded (animation, …) */
  CM_NO_MEMORY = 3
} cm_status;

/* -- Decoding ----------------------------------------------------------------------------------
 * cm_X_size reads the header; cm_X_decode writes width * height * 3 bytes, where width and height
 * are those cm_X_size gave for the same bytes. EXIF orientation is not applied. */

/* Grey, YCbCr and RGB as libjpeg-turbo's accurate integer transform and smooth upsampling give
 * them; CMYK and YCCK inverted (as Adobe writes them) and multiplied out as Pillow does. */
cm_status cm_jpeg_size(const uint8_t *bytes, size_t count, int32_t *width, int32_t *height,
                       char *message, size_t capacity);
cm_status cm_jpeg_decode(const uint8_t *bytes, size_t count, int32_t width, int32_t height,
                         uint8_t *rgb, char *message, size_t capacity);

/* Every bit depth and colour type. Alpha is dropped, not composited; gamma is not applied; 16-bit
 * samples keep their high byte, but for grey without alpha, where all above 255 is white: Pillow
 * takes that for numbers and clips them. */
cm_status cm_png_size(const uint8_t *bytes, size_t count, int32_t *width, int32_t *height,
                      char *message, size_t capacity);
cm_status cm_png_decode(const uint8_t *bytes, size_t count, int32_t width, int32_t height,
                        uint8_t *rgb, char *message, size_t capacity);

/* Lossy and lossless stills; alpha is dropped. Animations are CM_UNSUPPORTED. */
cm_status cm_webp_size(const uint8_t *bytes, size_t count, int32_t *width, int32_t *height,
                       char *message, size_t capacity);
cm_status cm_webp_decode(const uint8_t *bytes, size_t count, int32_t width, int32_t height,
                         uint8_t *rgb, char *message, size_t capacity);

/* -- Encoding ----------------------------------------------------------------------------------
 * *bytes receives a buffer to give back with cm_free. Same pixels, same bytes. */

cm_status cm_png_encode(const uint8_t *rgb, int32_t width, int32_t height,
                        uint8_t *_Nullable *_Nonnull bytes, size_t *count);
/* 4:2:0; quality in 1...100; sides at most 65500. */
cm_status cm_jpeg_encode(const uint8_t *rgb, int32_t width, int32_t height, int32_t quality,
                         uint8_t *_Nullable *_Nonnull bytes, size_t *count);
/* The losslessly coded form; sides at most 16383. */
cm_status cm_webp_encode(const uint8_t *rgb, int32_t width, int32_t height,
                         uint8_t *_Nullable *_Nonnull bytes, size_t *count);
void cm_free(uint8_t *_Nullable bytes);

/* -- Pixels ------------------------------------------------------------------------------------ */

typedef enum cm_filter { CM_BILINEAR = 0, CM_BICUBIC = 1 } cm_filter;

/* The crop [left, left + crop_width) x [top, top + crop_height) of `source` resized to
 * width x height, without computing the rest. Antialiased; horizontal pass first, each pass in
 * 22-bit fixed point and rounded to a byte, as Pillow's Image.resize does before its version 13
 * (bicubic with a = -0.5).
 * Requires all sizes > 0 and the crop inside the resized image, of which only the crop needs
 * memory: a thin picture may be resized to a very long one. Returns CM_OK or CM_NO_MEMORY. */
cm_status cm_resize(const uint8_t *source, int32_t source_width, int32_t source_height,
                    int64_t width, int64_t height, int64_t left, int64_t top, int32_t crop_width,
                    int32_t crop_height, cm_filter filter, uint8_t *result);

/* The index of the first NaN or infinity, `count` where there is none. */
size_t cm_first_not_finite(const float *values, size_t count);

/* -- Where this code lies ---------------------------------------------------------------------- */

/* The path of the executable or shared library that holds this function, as the dynamic loader
 * knows it; returns 0 where it is not known or longer than capacity. */
int cm_module_path(char *path, size_t capacity);

#pragma clang assume_nonnull end

#endif
