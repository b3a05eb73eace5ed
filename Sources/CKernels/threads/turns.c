#define _GNU_SOURCE /* syscall */
#include "turns.h"

#include "park.h"

/* Two sessions whose threads are more than the cores would wait for each other's descheduled
 * threads at every barrier. So their runs take turns, first come, first served: a run of many
 * threads is not passed over by many of few. Where nobody waits it costs six atomic additions. */
static _Atomic uint32_t arrivals; /* tickets given out */
static _Atomic uint32_t admitted; /* the ticket that is next; those before have computed or do */
static _Atomic uint32_t running;  /* threads of all runs together */
static ck_changes changes;        /* of the two above */

uint32_t ck_begin_turn(uint32_t threads, uint32_t cores) {
  uint32_t taken = threads < cores ? threads : cores;
  uint32_t ticket = atomic_fetch_add(&arrivals, 1);
  for (;;) {
    uint32_t seen = atomic_load(&changes.count);
    /* Nobody but the next in line adds to `running`. */
    if (atomic_load(&admitted) == ticket && atomic_load(&running) + taken <= cores) break;
    ck_park(&changes, seen);
  }
  atomic_fetch_add(&running, taken);
  atomic_fetch_add(&admitted, 1);
  ck_change(&changes);
  return taken;
}

void ck_end_turn(uint32_t taken) {
  atomic_fetch_sub(&running, taken);
  ck_change(&changes);
}

int ck_turn_is_wanted(void) { return atomic_load(&arrivals) != atomic_load(&admitted); }
