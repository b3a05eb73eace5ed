/* The layout of ck_pack_s4, in bytes. */
#ifndef CK_S4_H
#define CK_S4_H

/* One group: the multipliers, then the halves of its eight blocks. */
enum { CK_S4_BYTES = 8 + 4 * 32 };

#endif
