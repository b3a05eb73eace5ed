/* What the machine can do at most, for benchmarks to compare with: loops of one instruction mix on
 * registers, or of loads. All have the form of a ck_kernel, so that they run as kernels do; the
 * args are a ceiling_args. */
#ifndef CEILINGS_H
#define CEILINGS_H

#include <stddef.h>

#pragma clang assume_nonnull begin

typedef struct ceiling_args {
  size_t repetitions;
  const char *_Nullable memory; /* for ceiling_read, which reads it once */
  size_t bytes;                 /* a multiple of 128 per thread is read */
} ceiling_args;

/* Multiply-adds per repetition and thread of each loop below. */
enum {
  CEILING_FMA_AVX2 = 80,      /* ten vfmadd of 8 floats */
  CEILING_FMA_AVX512 = 256,   /* sixteen of 16 */
  CEILING_EXACT_AVX2 = 256,   /* eight times vpmaddubsw, vpmaddwd, vpaddd: 32 products each */
  CEILING_PAIRS_AVX2 = 512,   /* the same with two vpmaddubsw added in int16 before */
  CEILING_VNNI_AVX = 384,     /* twelve vpdpbusd of 32 products */
  CEILING_VNNI_AVX512 = 1024, /* sixteen vpdpbusd of 64 products */
};

void ceiling_fma_avx2(const void *args, size_t thread, size_t threads);
void ceiling_fma_avx512(const void *args, size_t thread, size_t threads);
void ceiling_exact_avx2(const void *args, size_t thread, size_t threads);
void ceiling_pairs_avx2(const void *args, size_t thread, size_t threads);
void ceiling_vnni_avx(const void *args, size_t thread, size_t threads);
void ceiling_vnni_avx512(const void *args, size_t thread, size_t threads);
/* Reads the thread's share of the memory. */
void ceiling_read(const void *args, size_t thread, size_t threads);

#pragma clang assume_nonnull end

#endif
