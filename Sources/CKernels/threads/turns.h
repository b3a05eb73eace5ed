/* Whose turn it is to compute, among the runs of this process. */
#ifndef CK_TURNS_H
#define CK_TURNS_H

#include <stdint.h>

/* Waits, in order of arrival, until `threads` more threads are no more than `cores` together with
 * those that run; takes all of `cores` where `threads` is more. Returns how many it took. */
uint32_t ck_begin_turn(uint32_t threads, uint32_t cores);

/* Gives back what ck_begin_turn took. */
void ck_end_turn(uint32_t taken);

/* Whether a run waits for its turn. */
int ck_turn_is_wanted(void);

#endif
