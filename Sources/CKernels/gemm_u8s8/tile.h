/* What the tiles of linear_u8s8 share. Included inside the target attribute, for i32x8. */

enum { CK_MOST_TILE_ROWS = 12, CK_MOST_TILE_BLOCKS = 4 };

/* Up to so many rows the weights are the whole cost: they are read as one stream. */
enum { CK_FEW_ROWS = 8 };

/* Asks for the weights of `blocks` blocks that come a while after w in memory: the hardware's
 * prefetchers start anew at every page, which cost a third of the bandwidth. Asking beyond the end
 * is harmless. */
CK_INLINE void prefetch_weights(const int8_t *w, const int blocks) {
  enum { AHEAD = 8192 };
#pragma clang loop unroll(full)
  for (int b = 0; b < blocks; b += 2) __builtin_prefetch(w + AHEAD + 32 * b, 0, 3);
}

/* The sums of a tile: [rows][blocks]. */
typedef i32x8 ck_tile_sums[CK_MOST_TILE_ROWS][CK_MOST_TILE_BLOCKS];

/* A tile: rows of x times blocks of eight columns of w. */
typedef struct ck_tile {
  size_t row, column;
  const uint8_t *x; /* the first row; rows are k apart */
  size_t k;
  const int8_t *w; /* the first block; blocks are w_block apart */
  size_t w_block;
  const int32_t *column_sums; /* of the first `lanes` columns, at most 8 */
  size_t lanes;
  /* Elsewhere: as a member they would be filled with zeros for each tile. */
  i32x8 (*sums)[CK_MOST_TILE_BLOCKS];
} ck_tile;

/* The last k % 4 elements of each row, as words with zeros beyond. */
typedef struct ck_last_words {
  uint8_t x[CK_MOST_TILE_ROWS][4];
} ck_last_words;

CK_INLINE ck_last_words last_words(const ck_tile *t, size_t rows) {
  ck_last_words last = {{{0}}};
  size_t whole = t->k / 4 * 4;
  for (size_t r = 0; r < rows; r++) memcpy(last.x[r], t->x + r * t->k + whole, t->k - whole);
  return last;
}

/* Four neighbouring elements of a row. */
CK_INLINE int32_t word_at(const uint8_t *x) {
  int32_t word;
  memcpy(&word, x, sizeof word);
  return word;
}
