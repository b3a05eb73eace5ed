/* Closes the target attribute that begin_avx2.h or begin_avx512vnni.h opened. */
#pragma clang attribute pop
