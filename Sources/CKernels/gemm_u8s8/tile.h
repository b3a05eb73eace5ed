/* What the tiles of linear_u8s8 share. Included inside the target attribute, for i32x8. */

/* A tile: rows of x times blocks of eight columns of w. */
typedef struct ck_tile {
  size_t row, column;
  const uint8_t *x; /* the first row; rows are k apart */
  size_t k;
  const int8_t *w; /* the first block; blocks are w_block apart */
  size_t w_block;
  i32x8 sums[8][4]; /* [row][block] */
} ck_tile;

/* Four neighbouring elements of one row as a word; past the end of the row they are 0. */
CK_INLINE int32_t four_of(const uint8_t *x, size_t count) {
  int32_t word = 0;
  memcpy(&word, x, count < 4 ? count : 4);
  return word;
}
