/* Rows of tables and patches of images: see ck_embedding_f32_args and ck_patches_f32_args. */
#include "../common/kernel.h"

#define CK_VARIANT scalar

CK_KERNEL(ck_embedding_f32) {
  const ck_embedding_f32_args *a = untyped;
  ck_range range = ck_share(a->count, 1, thread, threads);
  for (size_t i = range.begin; i < range.end; i++) {
    int32_t id = a->ids[i];
    if (id >= 0 && (size_t)id < a->rows) {
      memcpy(a->y + i * a->d, a->table + (size_t)id * a->d, a->d * sizeof(float));
    } else {
      memset(a->y + i * a->d, 0, a->d * sizeof(float));
    }
  }
}

CK_KERNEL(ck_patches_f32) {
  const ck_patches_f32_args *a = untyped;
  size_t size = a->size, down = a->height / size, across = a->width / size;
  ck_range range = ck_share(a->batch * down * across, 1, thread, threads);
  float *y = a->y + range.begin * a->channels * size * size;
  for (size_t patch = range.begin; patch < range.end; patch++) {
    size_t image = patch / (down * across), py = patch / across % down, px = patch % across;
    for (size_t c = 0; c < a->channels; c++) {
      const float *plane = a->pixels + (image * a->channels + c) * a->height * a->width;
      for (size_t r = 0; r < size; r++, y += size) {
        memcpy(y, plane + (py * size + r) * a->width + px * size, size * sizeof(float));
      }
    }
  }
}
