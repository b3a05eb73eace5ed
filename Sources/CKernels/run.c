#include <cblas.h>

#include "common/kernel.h"

/* Declared by hand: omp.h belongs to one compiler's folder, and its folder to one version. */
#if defined(_OPENMP)
int omp_get_thread_num(void);
int omp_get_num_threads(void);
#endif

void ck_barrier(size_t threads) {
  if (threads > 1) {
#pragma omp barrier
  }
}

static void run_steps(const ck_step *steps, size_t count, size_t thread, size_t threads) {
  for (size_t i = 0; i < count; i++) {
    steps[i].kernel(steps[i].args, thread, threads);
    /* The end of the region is the last barrier. */
    if (steps[i].barrier_after && i + 1 < count) ck_barrier(threads);
  }
}

void ck_run(const ck_step *steps, size_t count, size_t threads) {
  assert(threads >= 1);
#if defined(_OPENMP)
  if (threads > 1) {
    /* The region has no target attribute of its own: clang would drop it here, silently. */
#pragma omp parallel num_threads((int)threads) default(none) firstprivate(steps, count)
    {
      /* The library may grant fewer threads than asked; the steps divide by what there are. */
      run_steps(steps, count, (size_t)omp_get_thread_num(), (size_t)omp_get_num_threads());
    }
    return;
  }
#endif
  run_steps(steps, count, 0, 1);
}

int ck_prepare_blas(void) {
  openblas_set_num_threads(1);
  return openblas_get_parallel() == 0 ? -1 : 0;
}
