/* How many rows of the int8 product meet a panel of weights before the next panel comes: so many
 * stay in the second-level cache. */
#ifndef CK_ROW_GROUP_H
#define CK_ROW_GROUP_H

enum { CK_ROW_GROUP = 120 };

#endif
