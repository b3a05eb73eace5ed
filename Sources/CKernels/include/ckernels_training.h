/* Arguments of the kernels of losses and optimizers. See ckernels.h for the rules. */
#ifndef CKERNELS_TRAINING_H
#define CKERNELS_TRAINING_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

typedef enum ck_smoothing { CK_SMOOTHING_KL, CK_SMOOTHING_UNIFORM } ck_smoothing;

/* loss = mean over rows with labels[row] in 0 ... v-1; see `cross_entropy` of the graph. */
typedef struct ck_cross_entropy_f32_args {
  size_t rows, v;
  ck_smoothing form;
  float amount;
  const float *logits;
  const int32_t *labels;
  float *loss;    /* [1] */
  float *scratch; /* [rows] */
} ck_cross_entropy_f32_args;

typedef struct ck_cross_entropy_gradient_f32_args {
  size_t rows, v;
  ck_smoothing form;
  float amount;
  const float *logits;
  const int32_t *labels;
  const float *dloss; /* [1] */
  float *dlogits;
} ck_cross_entropy_gradient_f32_args;

/* sum = factor * x, or where it adds sum + factor * x, rounded once. */
typedef struct ck_weighted_sum_f32_args {
  size_t count;
  float factor;
  uint32_t adds;
  const float *x;
  float *sum;
} ck_weighted_sum_f32_args;

/* result[0] = Σ x², accumulated in double over fixed blocks of 4096, then over blocks in order. */
typedef struct ck_squared_norm_f32_args {
  size_t count;
  const float *x;
  double *result;
  double *scratch; /* [ceil(count / 4096)] */
} ck_squared_norm_f32_args;

/* AdamW (Loshchilov, Hutter 2019, algorithm 2; PyTorch's form: decay by learning rate):
 *   g = gradient * gradient_scale;  m = beta1 m + (1-beta1) g;  v = beta2 v + (1-beta2) g²
 *   p -= rate * decay * p;  p -= rate * (m / correction1) / (sqrt(v / correction2) + epsilon) */
typedef struct ck_adamw_f32_args {
  size_t count;
  float gradient_scale; /* clipping */
  float learning_rate, weight_decay;
  float beta1, beta2, epsilon;
  float correction1, correction2; /* 1 - beta^step */
  const float *gradient;
  float *parameter, *m, *v;
} ck_adamw_f32_args;

#pragma clang assume_nonnull end

#endif
