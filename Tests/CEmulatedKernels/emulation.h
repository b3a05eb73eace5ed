/* NEON's intrinsics in portable form, where the architecture is another one and SIMDe is installed.
 */
#ifndef CK_EMULATION_H
#define CK_EMULATION_H

#include "emulated.h"

#if !defined(__aarch64__) && __has_include(<simde/arm/neon.h>)
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/arm/neon.h>
/* Loops of portable forms are longer than the optimizer unrolls. */
#pragma clang diagnostic ignored "-Wpass-failed"

#define CK_EMULATED_NEON
/* Other names than the kernels have where the architecture has them. */
#define ck_linear_u8s8_neondot ck_linear_u8s8_neondot_emulated
#define ck_top_u8s8_neondot ck_top_u8s8_neondot_emulated
#define ck_requantize_u8s8_neondot ck_requantize_u8s8_neondot_emulated
#define ck_attention_u8s8_neondot ck_attention_u8s8_neondot_emulated
void ck_linear_u8s8_neondot(const void *untyped, size_t thread, size_t threads);
void ck_top_u8s8_neondot(const void *untyped, size_t thread, size_t threads);
void ck_requantize_u8s8_neondot(const void *untyped, size_t thread, size_t threads);
void ck_attention_u8s8_neondot(const void *untyped, size_t thread, size_t threads);
#endif

#endif
