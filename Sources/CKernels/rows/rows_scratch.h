/* Constants that the kernels and their scratch sizes share. */
#ifndef CK_ROWS_SCRATCH_H
#define CK_ROWS_SCRATCH_H

/* Rows whose share of dgamma and dbeta one thread adds up, in order. */
enum { CK_LAYER_NORM_GRADIENT_ROWS = 32 };

#endif
