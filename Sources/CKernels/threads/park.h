/* Sleeping until a number changes. */
#ifndef CK_PARK_H
#define CK_PARK_H

#include <limits.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#else
#include <sched.h>
#endif

/* A number that threads sleep on. */
typedef struct ck_changes {
  _Atomic uint32_t count;
  _Atomic uint32_t sleepers;
} ck_changes;

/* Sleeps unless there was a change since `seen` was read; may return without one. Either who makes
 * the change sees this sleeper, or this sleeper sees the change. */
static inline void ck_park(ck_changes *c, uint32_t seen) {
  atomic_fetch_add(&c->sleepers, 1);
#if defined(__linux__)
  /* Returns at once when the number is another one. */
  syscall(SYS_futex, &c->count, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
#else
  if (atomic_load(&c->count) == seen) sched_yield();
#endif
  atomic_fetch_sub(&c->sleepers, 1);
}

/* Makes a change and wakes those who sleep. */
static inline void ck_change(ck_changes *c) {
  atomic_fetch_add(&c->count, 1);
#if defined(__linux__)
  if (atomic_load(&c->sleepers) > 0) {
    syscall(SYS_futex, &c->count, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
  }
#endif
}

#endif
