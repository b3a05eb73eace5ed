// Withholds instruction sets newer than AVX2 from libraries whose CPUID instructions were replaced
// by UD2 (withhold.py): preloaded, this answers the trap with what the CPU says, less those bits.
#define _GNU_SOURCE
#include <cpuid.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

enum { FEATURES = 7 };

static uint32_t bits(const uint8_t *positions, int count) {
  uint32_t mask = 0;
  for (int i = 0; i < count; i++) mask |= (uint32_t)1 << positions[i];
  return mask;
}
#define BITS(...) bits((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void answer(int signal, siginfo_t *info, void *context) {
  (void)info;
  greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  const uint8_t *at = (const uint8_t *)registers[REG_RIP];
  if (at[0] != 0x0f || at[1] != 0x0b) {  // not ours: let it end the process
    struct sigaction usual = {.sa_handler = SIG_DFL};
    sigaction(signal, &usual, NULL);
    return;
  }
  uint32_t leaf = (uint32_t)registers[REG_RAX], part = (uint32_t)registers[REG_RCX];
  uint32_t a, b, c, d;
  __cpuid_count(leaf, part, a, b, c, d);
  if (leaf == FEATURES && part == 0) {
    b &= ~BITS(16, 17, 21, 26, 27, 28, 30, 31);  // AVX-512 F, DQ, IFMA, PF, ER, CD, BW, VL
    c &= ~BITS(1, 6, 11, 12, 14);                // VBMI, VBMI2, VNNI, BITALG, VPOPCNTDQ
    d &= ~BITS(2, 3, 8, 22, 23, 24, 25);         // 4VNNIW, 4FMAPS, VP2INTERSECT, FP16, AMX
  } else if (leaf == FEATURES && part == 1) {
    a &= ~BITS(4, 5, 21, 23);     // AVX-VNNI, AVX512-BF16, AMX-FP16, AVX-IFMA
    d &= ~BITS(4, 5, 8, 10, 19);  // AVX-VNNI-INT8, NE-CONVERT, AMX-COMPLEX, AVX-VNNI-INT16, AVX10
  }
  registers[REG_RAX] = a, registers[REG_RBX] = b, registers[REG_RCX] = c, registers[REG_RDX] = d;
  registers[REG_RIP] += 2;
}

__attribute__((constructor)) static void install(void) {
  struct sigaction action = {.sa_sigaction = answer, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigemptyset(&action.sa_mask);
  sigaction(SIGILL, &action, NULL);
}
