#include "ceilings.h"

#include <stdint.h>

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,fma")))
#define AVXVNNI __attribute__((target("avx2,avxvnni")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vnni")))

/* Operands must look as if they changed, and results as if somebody read them, or the compiler
 * would leave the work out. */
#define CHANGE(a, b) __asm__ volatile("" : "+v"(a), "+v"(b))
#define KEEP(v) __asm__ volatile("" : : "v"(v))

AVX2 void ceiling_fma_avx2(const void *untyped, size_t thread, size_t threads) {
  (void)thread, (void)threads;
  const ceiling_args *a = untyped;
  __m256 sums[10], x = _mm256_set1_ps(0.999f), y = _mm256_set1_ps(0.001f);
  for (int i = 0; i < 10; i++) sums[i] = x;
  for (size_t n = 0; n < a->repetitions; n++) {
    __asm__ volatile("" : "+x"(x), "+x"(y));
    for (int i = 0; i < 10; i++) sums[i] = _mm256_fmadd_ps(x, y, sums[i]);
  }
  for (int i = 0; i < 10; i++) __asm__ volatile("" : : "x"(sums[i]));
}

AVX512 void ceiling_fma_avx512(const void *untyped, size_t thread, size_t threads) {
  (void)thread, (void)threads;
  const ceiling_args *a = untyped;
  __m512 sums[16], x = _mm512_set1_ps(0.999f), y = _mm512_set1_ps(0.001f);
  for (int i = 0; i < 16; i++) sums[i] = x;
  for (size_t n = 0; n < a->repetitions; n++) {
    CHANGE(x, y);
    for (int i = 0; i < 16; i++) sums[i] = _mm512_fmadd_ps(x, y, sums[i]);
  }
  for (int i = 0; i < 16; i++) KEEP(sums[i]);
}

/* In assembly: else the compiler would notice that all eight multiply the same operands. */
AVX2 static inline __m256i multiply_bytes(__m256i x, __m256i y) {
  __m256i product;
  __asm__ volatile("vpmaddubsw %1, %2, %0" : "=x"(product) : "x"(y), "x"(x));
  return product;
}

AVX2 static inline void int8_loop(size_t repetitions, const int run) {
  __m256i sums[8], x = _mm256_set1_epi8(3), y = x;
  const __m256i ones = _mm256_set1_epi16(1);
  for (int i = 0; i < 8; i++) sums[i] = x;
  for (size_t n = 0; n < repetitions; n++) {
    for (int i = 0; i < 8; i++) {
      __m256i pairs = multiply_bytes(x, y);
      if (run == 2) pairs = _mm256_add_epi16(pairs, multiply_bytes(x, y));
      sums[i] = _mm256_add_epi32(sums[i], _mm256_madd_epi16(pairs, ones));
    }
  }
  for (int i = 0; i < 8; i++) __asm__ volatile("" : : "x"(sums[i]));
}

AVX2 void ceiling_exact_avx2(const void *untyped, size_t thread, size_t threads) {
  (void)thread, (void)threads;
  int8_loop(((const ceiling_args *)untyped)->repetitions, 1);
}

AVX2 void ceiling_pairs_avx2(const void *untyped, size_t thread, size_t threads) {
  (void)thread, (void)threads;
  int8_loop(((const ceiling_args *)untyped)->repetitions, 2);
}

AVX512 void ceiling_vnni_avx512(const void *untyped, size_t thread, size_t threads) {
  (void)thread, (void)threads;
  const ceiling_args *a = untyped;
  __m512i sums[16], x = _mm512_set1_epi8(3), y = x;
  for (int i = 0; i < 16; i++) sums[i] = x;
  for (size_t n = 0; n < a->repetitions; n++) {
    CHANGE(x, y);
    for (int i = 0; i < 16; i++) sums[i] = _mm512_dpbusd_epi32(sums[i], x, y);
  }
  for (int i = 0; i < 16; i++) KEEP(sums[i]);
}

AVXVNNI void ceiling_vnni_avx(const void *untyped, size_t thread, size_t threads) {
  (void)thread, (void)threads;
  const ceiling_args *a = untyped;
  __m256i sums[12], x = _mm256_set1_epi8(3), y = x;
  for (int i = 0; i < 12; i++) sums[i] = x;
  for (size_t n = 0; n < a->repetitions; n++) {
    __asm__ volatile("" : "+x"(x), "+x"(y));
    for (int i = 0; i < 12; i++) sums[i] = _mm256_dpbusd_avx_epi32(sums[i], x, y);
  }
  for (int i = 0; i < 12; i++) __asm__ volatile("" : : "x"(sums[i]));
}
#endif

typedef uint64_t words __attribute__((ext_vector_type(4), aligned(8)));

void ceiling_read(const void *untyped, size_t thread, size_t threads) {
  const ceiling_args *a = untyped;
  size_t lines = a->bytes / 128;
  const char *p = a->memory + lines * thread / threads * 128;
  const char *end = a->memory + lines * (thread + 1) / threads * 128;
  words sums[4] = {0, 0, 0, 0};
  for (; p < end; p += 128) {
    /* The hardware's prefetchers start anew at every page. Asking beyond the end is harmless. */
    __builtin_prefetch(p + 8192);
    __builtin_prefetch(p + 8192 + 64);
    for (int i = 0; i < 4; i++) sums[i] ^= ((const words *)p)[i];
  }
  words all = sums[0] ^ sums[1] ^ sums[2] ^ sums[3];
  __asm__ volatile("" : : "r"(all.x ^ all.y ^ all.z ^ all.w));
}
