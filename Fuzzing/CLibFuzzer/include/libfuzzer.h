/* The part of libFuzzer that a program with a main of its own calls; it is linked by Tools/fuzz.
 * Source: compiler-rt/lib/fuzzer/FuzzerInterface.h. */
#ifndef LIBFUZZER_H
#define LIBFUZZER_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/* Runs `test` on the corpus and what becomes of it, as the options in `arguments` say. */
int LLVMFuzzerRunDriver(int *count, char *_Nonnull *_Nonnull *_Nonnull arguments,
                        int (*test)(const uint8_t *_Nullable data, size_t size));

/* Changes `size` bytes in a buffer of `capacity` as libFuzzer does by itself; gives the new size.
 */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t capacity);

#pragma clang assume_nonnull end

#endif
