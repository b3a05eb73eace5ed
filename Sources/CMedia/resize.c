#include "cmedia.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The coefficients are part of the contract with Pillow: no fused multiply-add may change one. */
#pragma STDC FP_CONTRACT OFF

/* The hot loops are plain C over lanes; the clones let the compiler use wider vectors. Integer
 * results are the same bits in every clone. */
#if defined(__x86_64__) && defined(__linux__)
#define CLONES __attribute__((target_clones("avx2", "default")))
#else
#define CLONES
#endif

enum {
  PRECISION = 22, /* fraction bits: 32 bits less 8 of the sample and 2 of headroom */
  BLOCK = 8       /* rows taken together by the horizontal pass */
};

/* For each of `count` outputs, a window of the input and its weights. */
typedef struct windows {
  int32_t *first;   /* [count] first input sample */
  int32_t *length;  /* [count] samples, at most `stride` */
  int32_t *weights; /* [count][stride], fixed point */
  size_t stride;
} windows;

static double bilinear(double x) {
  x = fabs(x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

/* Keys' cubic with a = -0.5. */
static double bicubic(double x) {
  const double a = -0.5;
  x = fabs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
  if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
  return 0.0;
}

static void free_windows(windows *w) {
  free(w->first);
  free(w->length);
  free(w->weights);
}

/* The windows of outputs [start, start + count) of an axis resized from `input` to `output`
 * samples. When shrinking, the filter is stretched over the input: that is the antialiasing. */
static int make_windows(int32_t input, int64_t output, int64_t start, int32_t count,
                        cm_filter filter, windows *w) {
  double (*shape)(double) = filter == CM_BICUBIC ? bicubic : bilinear;
  double scale = (double)input / (double)output;
  double stretch = scale < 1.0 ? 1.0 : scale;
  double support = (filter == CM_BICUBIC ? 2.0 : 1.0) * stretch;
  double inverse = 1.0 / stretch;
  w->stride = (size_t)ceil(support) * 2 + 1;
  w->first = malloc((size_t)count * sizeof(int32_t));
  w->length = malloc((size_t)count * sizeof(int32_t));
  w->weights = malloc((size_t)count * w->stride * sizeof(int32_t));
  double *exact = malloc(w->stride * sizeof(double));
  if (w->first == NULL || w->length == NULL || w->weights == NULL || exact == NULL) {
    free(exact);
    free_windows(w);
    return 0;
  }
  for (int32_t i = 0; i < count; i++) {
    double center = ((double)(start + i) + 0.5) * scale;
    double low = center - support + 0.5, high = center + support + 0.5;
    int32_t first = low < 0.0 ? 0 : (int32_t)low;
    int32_t end = high > (double)input ? input : (int32_t)high;
    double sum = 0.0;
    for (int32_t x = first; x < end; x++) {
      double weight = shape((x - center + 0.5) * inverse);
      exact[x - first] = weight;
      sum += weight;
    }
    int32_t *weights = w->weights + (size_t)i * w->stride;
    for (int32_t x = 0; x < end - first; x++) {
      double weight = (sum != 0.0 ? exact[x] / sum : exact[x]) * (1 << PRECISION);
      weights[x] = (int32_t)(weight < 0.0 ? weight - 0.5 : weight + 0.5);
    }
    w->first[i] = first;
    w->length[i] = end - first;
  }
  free(exact);
  return 1;
}

static inline uint8_t to_byte(int32_t sum) {
  int32_t value = sum >> PRECISION;
  return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* Rows of one block side by side: block[(x * 3 + channel) * BLOCK + row], so that one weight
 * multiplies 24 neighbours. Missing rows of the last block repeat its first. */
static void gather_block(const uint8_t *source, size_t row_bytes, int32_t rows, size_t from,
                         size_t to, uint8_t *block) {
  for (int32_t r = 0; r < BLOCK; r++) {
    const uint8_t *row = source + (size_t)(r < rows ? r : 0) * row_bytes;
    for (size_t x = from; x < to; x++) block[(x - from) * BLOCK + (size_t)r] = row[x];
  }
}

CLONES
static void filter_block(const uint8_t *block, const int32_t *weights, int32_t length,
                         uint8_t *result) {
  int32_t sums[3 * BLOCK];
  for (int j = 0; j < 3 * BLOCK; j++) sums[j] = 1 << (PRECISION - 1);
  for (int32_t x = 0; x < length; x++) {
    int32_t weight = weights[x];
    for (int j = 0; j < 3 * BLOCK; j++) sums[j] += weight * block[j];
    block += 3 * BLOCK;
  }
  for (int j = 0; j < 3 * BLOCK; j++) result[j] = to_byte(sums[j]);
}

CLONES
static void filter_rows(const uint8_t *source, size_t row_bytes, const int32_t *weights,
                        int32_t length, int32_t *sums, uint8_t *result) {
  for (size_t x = 0; x < row_bytes; x++) sums[x] = 1 << (PRECISION - 1);
  for (int32_t y = 0; y < length; y++) {
    int32_t weight = weights[y];
    const uint8_t *row = source + (size_t)y * row_bytes;
    for (size_t x = 0; x < row_bytes; x++) sums[x] += weight * row[x];
  }
  for (size_t x = 0; x < row_bytes; x++) result[x] = to_byte(sums[x]);
}

/* Columns [left, left + crop) of `rows` rows of `source`, resized to `width`. */
static int horizontal(const uint8_t *source, int32_t source_width, int32_t rows, int64_t width,
                      int64_t left, int32_t crop, cm_filter filter, uint8_t *result) {
  windows w;
  if (!make_windows(source_width, width, left, crop, filter, &w)) return 0;
  size_t from = (size_t)w.first[0];
  size_t to = (size_t)w.first[crop - 1] + (size_t)w.length[crop - 1];
  uint8_t *block = malloc((to - from) * 3 * BLOCK);
  if (block != NULL) {
    size_t source_row = (size_t)source_width * 3, result_row = (size_t)crop * 3;
    for (int32_t y = 0; y < rows; y += BLOCK) {
      int32_t some = rows - y < BLOCK ? rows - y : BLOCK;
      gather_block(source + (size_t)y * source_row, source_row, some, from * 3, to * 3, block);
      for (int32_t i = 0; i < crop; i++) {
        uint8_t pixels[3 * BLOCK];
        filter_block(block + ((size_t)w.first[i] - from) * 3 * BLOCK,
                     w.weights + (size_t)i * w.stride, w.length[i], pixels);
        uint8_t *target = result + (size_t)y * result_row + (size_t)i * 3;
        for (int32_t r = 0; r < some; r++) {
          for (size_t c = 0; c < 3; c++) {
            target[(size_t)r * result_row + c] = pixels[c * BLOCK + (size_t)r];
          }
        }
      }
    }
  }
  free(block);
  free_windows(&w);
  return block != NULL;
}

/* The same columns without resizing them. */
static void copy_columns(const uint8_t *source, int32_t source_width, int32_t rows, int64_t left,
                         int32_t crop, uint8_t *result) {
  for (int32_t y = 0; y < rows; y++) {
    memcpy(result + (size_t)y * (size_t)crop * 3,
           source + ((size_t)y * (size_t)source_width + (size_t)left) * 3, (size_t)crop * 3);
  }
}

cm_status cm_resize(const uint8_t *source, int32_t source_width, int32_t source_height,
                    int64_t width, int64_t height, int64_t left, int64_t top, int32_t crop_width,
                    int32_t crop_height, cm_filter filter, uint8_t *result) {
  assert(source_width > 0 && source_height > 0 && width > 0 && height > 0);
  assert(left >= 0 && crop_width > 0 && left <= width - crop_width);
  assert(top >= 0 && crop_height > 0 && top <= height - crop_height);
  size_t crop_row = (size_t)crop_width * 3;
  size_t source_row = (size_t)source_width * 3;

  /* As in Pillow, an axis that keeps its size is not filtered at all. */
  if (height == source_height) {
    const uint8_t *rows = source + (size_t)top * source_row;
    if (width == source_width) {
      copy_columns(rows, source_width, crop_height, left, crop_width, result);
      return CM_OK;
    }
    return horizontal(rows, source_width, crop_height, width, left, crop_width, filter, result)
               ? CM_OK
               : CM_NO_MEMORY;
  }

  windows w;
  if (!make_windows(source_height, height, top, crop_height, filter, &w)) return CM_NO_MEMORY;
  int32_t first = w.first[0]; /* only the rows the vertical pass reads are made */
  int32_t rows = w.first[crop_height - 1] + w.length[crop_height - 1] - first;
  uint8_t *middle = malloc((size_t)rows * crop_row);
  int32_t *sums = malloc(crop_row * sizeof(int32_t));
  int good = middle != NULL && sums != NULL;
  if (good) {
    const uint8_t *start = source + (size_t)first * source_row;
    if (width == source_width) {
      copy_columns(start, source_width, rows, left, crop_width, middle);
    } else {
      good = horizontal(start, source_width, rows, width, left, crop_width, filter, middle);
    }
  }
  if (good) {
    for (int32_t i = 0; i < crop_height; i++) {
      filter_rows(middle + (size_t)(w.first[i] - first) * crop_row, crop_row,
                  w.weights + (size_t)i * w.stride, w.length[i], sums,
                  result + (size_t)i * crop_row);
    }
  }
  free(sums);
  free(middle);
  free_windows(&w);
  return good ? CM_OK : CM_NO_MEMORY;
}
