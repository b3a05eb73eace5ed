/* Counts what the process allocates, to show that a piece of code allocates nothing. */
#ifndef CALLOCATIONS_H
#define CALLOCATIONS_H

#include <stddef.h>

/* Nonzero where allocations are counted: glibc, without a sanitizer that has its own malloc. */
int ca_counts(void);

/* Calls of malloc, calloc, realloc and the aligned forms by all threads since the start. */
size_t ca_allocations(void);

#endif
