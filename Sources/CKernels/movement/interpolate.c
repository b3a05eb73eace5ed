/* Grids of vectors at other sizes: see ck_interpolate_f32_args. Position tables are small and
 * interpolated once per image size, so there is one plain variant. */
#include <math.h>

#include "../common/kernel.h"

#define CK_VARIANT scalar

enum { CK_TAPS = 4 };

/* The source points that one result mixes along an axis, edges repeated. */
typedef struct taps {
  size_t points[CK_TAPS];
  double weights[CK_TAPS];
} taps;

static double cubic(double x) {
  const double a = -0.75;
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

static taps taps_of(size_t result, size_t results, size_t count) {
  double place = ((double)result + 0.5) * (double)count / (double)results - 0.5;
  double first = floor(place) - 1;
  taps t;
  for (int i = 0; i < CK_TAPS; i++) {
    double point = first + i;
    t.weights[i] = cubic(fabs(place - point));
    double last = (double)(count - 1);
    t.points[i] = (size_t)(point < 0 ? 0 : point > last ? last : point);
  }
  return t;
}

/* How much of `point` is in a result. */
static double weight_of(const taps *t, size_t point) {
  double sum = 0;
  for (int i = 0; i < CK_TAPS; i++) {
    if (t->points[i] == point) sum += t->weights[i];
  }
  return sum;
}

static void add(float *restrict y, const float *restrict x, double weight, size_t d) {
  float w = (float)weight;
  if (w == 0) return;
  for (size_t i = 0; i < d; i++) y[i] += w * x[i];
}

CK_KERNEL(ck_interpolate_f32) {
  const ck_interpolate_f32_args *a = untyped;
  size_t d = a->d;
  ck_range range = ck_share(a->rows * a->columns, 1, thread, threads);
  for (size_t point = range.begin; point < range.end; point++) {
    taps down = taps_of(point / a->columns, a->rows, a->source_rows);
    taps across = taps_of(point % a->columns, a->columns, a->source_columns);
    float *y = a->y + point * d;
    memset(y, 0, d * sizeof(float));
    for (int i = 0; i < CK_TAPS; i++) {
      const float *row = a->x + down.points[i] * a->source_columns * d;
      for (int j = 0; j < CK_TAPS; j++) {
        add(y, row + across.points[j] * d, down.weights[i] * across.weights[j], d);
      }
    }
  }
}

CK_KERNEL(ck_interpolate_gradient_f32) {
  const ck_interpolate_f32_args *a = untyped;
  size_t d = a->d;
  ck_range range = ck_share(a->source_rows * a->source_columns, 1, thread, threads);
  for (size_t point = range.begin; point < range.end; point++) {
    size_t i = point / a->source_columns, j = point % a->source_columns;
    float *dx = a->y + point * d;
    memset(dx, 0, d * sizeof(float));
    for (size_t p = 0; p < a->rows; p++) {
      taps down = taps_of(p, a->rows, a->source_rows);
      double row_weight = weight_of(&down, i);
      if (row_weight == 0) continue;
      for (size_t q = 0; q < a->columns; q++) {
        taps across = taps_of(q, a->columns, a->source_columns);
        add(dx, a->x + (p * a->columns + q) * d, row_weight * weight_of(&across, j), d);
      }
    }
  }
}
