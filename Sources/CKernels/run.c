#define _GNU_SOURCE /* syscall */
#include <stdatomic.h>

#include "common/kernel.h"
#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#else
#include <sched.h>
#endif

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
  _Atomic uint32_t arrived;
  _Atomic uint32_t round; /* counts meetings; what sleepers watch */
  _Atomic uint32_t sleepers;
} ck_meeting;

static _Thread_local ck_meeting *meeting;

enum { CK_SPINS = 1000 }; /* each some 10 to 40 ns */

static void rest(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static void sleep_through(ck_meeting *m, uint32_t round) {
#if defined(__linux__)
  /* Returns at once when the round is over; any return is followed by another look. */
  syscall(SYS_futex, &m->round, FUTEX_WAIT_PRIVATE, round, NULL, NULL, 0);
#else
  (void)m, (void)round;
  sched_yield();
#endif
}

static void wake_all(ck_meeting *m) {
#if defined(__linux__)
  syscall(SYS_futex, &m->round, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
#else
  (void)m;
#endif
}

void ck_barrier(size_t threads) {
  if (threads <= 1) return;
  ck_meeting *m = meeting;
  uint32_t round = atomic_load_explicit(&m->round, memory_order_relaxed);
  if (atomic_fetch_add(&m->arrived, 1) + 1 == threads) {
    /* Nobody arrives for the next meeting before this one is over. */
    atomic_store_explicit(&m->arrived, 0, memory_order_relaxed);
    atomic_fetch_add(&m->round, 1);
    if (atomic_load(&m->sleepers) > 0) wake_all(m);
    return;
  }
  for (int i = 0; i < CK_SPINS; i++) {
    if (atomic_load_explicit(&m->round, memory_order_acquire) != round) return;
    rest();
  }
  /* Either the last to arrive sees this sleeper, or this sleeper sees the new round. */
  atomic_fetch_add(&m->sleepers, 1);
  while (atomic_load(&m->round) == round) sleep_through(m, round);
  atomic_fetch_sub(&m->sleepers, 1);
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
    ck_meeting here = {0};
    ck_meeting *shared = &here;
    /* The region has no target attribute of its own: clang would drop it here, silently. */
#pragma omp parallel num_threads((int)threads) default(none) firstprivate(steps, count, shared)
    {
      /* Between two regions a search chooses tokens: threads wait awake for that long, no longer.
       */
      if (kmp_set_blocktime) kmp_set_blocktime(1);
      meeting = shared;
      /* The library may grant fewer threads than asked; the steps divide by what there are. */
      run_steps(steps, count, (size_t)omp_get_thread_num(), (size_t)omp_get_num_threads());
    }
    return;
  }
#endif
  run_steps(steps, count, 0, 1);
}
