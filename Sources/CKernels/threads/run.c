#define _GNU_SOURCE /* syscall */

#include "../common/kernel.h"
#include "park.h"
#include "turns.h"

/* Declared by hand: omp.h belongs to one compiler's folder, and its folder to one version. */
#if defined(_OPENMP)
int omp_get_thread_num(void);
int omp_get_num_threads(void);
/* Of LLVM's library alone: how long a thread without work spins before it sleeps, milliseconds. */
__attribute__((weak)) void kmp_set_blocktime(int milliseconds);
#endif

/* Where the threads of one region meet. The library's own barrier spins for 200 ms before it
 * sleeps, which two programs on the same cores pay for at every step; this one spins for as long as
 * steps differ among threads that all run, some ten microseconds, and then leaves the core to
 * whoever has work. */
typedef struct ck_meeting {
  /* How often a thread looks before it sleeps, each time some 10 to 40 ns: not at all where there
   * are more threads than cores, since the one it waits for may need this core. */
  int spins;
  _Atomic uint32_t arrived;
  ck_changes rounds; /* meetings that are over */
} ck_meeting;

static _Thread_local ck_meeting *meeting;

enum { CK_SPINS = 1000 };

static void rest(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

void ck_barrier(size_t threads) {
  if (threads <= 1) return;
  ck_meeting *m = meeting;
  uint32_t round = atomic_load_explicit(&m->rounds.count, memory_order_relaxed);
  if (atomic_fetch_add(&m->arrived, 1) + 1 == threads) {
    /* Nobody arrives for the next meeting before this one is over. */
    atomic_store_explicit(&m->arrived, 0, memory_order_relaxed);
    ck_change(&m->rounds);
    return;
  }
  for (int i = 0; i < m->spins; i++) {
    if (atomic_load_explicit(&m->rounds.count, memory_order_acquire) != round) return;
    rest();
  }
  while (atomic_load(&m->rounds.count) == round) ck_park(&m->rounds, round);
}

static void run_steps(const ck_step *steps, size_t count, size_t thread, size_t threads) {
  for (size_t i = 0; i < count; i++) {
    steps[i].kernel(steps[i].args, thread, threads);
    /* The end of the region is the last barrier. */
    if (steps[i].barrier_after && i + 1 < count) ck_barrier(threads);
  }
}

static void run_region(const ck_step *steps, size_t count, size_t threads, size_t cores) {
#if defined(_OPENMP)
  if (threads > 1) {
    int crowded = threads > cores;
    ck_meeting here = {.spins = crowded ? 0 : CK_SPINS};
    ck_meeting *shared = &here;
    /* The region has no target attribute of its own: clang would drop it here, silently. */
#pragma omp parallel num_threads((int)threads) default(none) \
    firstprivate(steps, count, shared, crowded)
    {
      meeting = shared;
      /* The library may grant fewer threads than asked; the steps divide by what there are. */
      run_steps(steps, count, (size_t)omp_get_thread_num(), (size_t)omp_get_num_threads());
      /* Between two regions a search chooses tokens: threads wait awake for that long, no longer,
       * and not at all where somebody else wants their core. */
      if (kmp_set_blocktime) kmp_set_blocktime(crowded || ck_turn_is_wanted() ? 0 : 1);
    }
    return;
  }
#endif
  (void)threads, (void)cores;
  run_steps(steps, count, 0, 1);
}

void ck_run(const ck_step *steps, size_t count, size_t threads, size_t cores) {
  assert(threads >= 1 && threads <= UINT32_MAX && cores >= 1 && cores <= UINT32_MAX);
  uint32_t taken = ck_begin_turn((uint32_t)threads, (uint32_t)cores);
  run_region(steps, count, threads, cores);
  ck_end_turn(taken);
}
