// What this machine's processor and operating system offer, from CPUID and XGETBV: a feature whose registers the system
// does not save is not offered. AMX tiles have to be requested from Linux once per process. Tests:
// tests/runtime/load_test.cc.
#include "runtime/src/variant.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ingot::runtime {
namespace {

constexpr long kGetTileSupport = 0x1021;  // ARCH_GET_XCOMP_SUPP
constexpr long kRequestTiles = 0x1023;    // ARCH_REQ_XCOMP_PERM
constexpr unsigned kTileData = 18;        // number of the state component

constexpr bool Has(uint32_t word, uint32_t bits) { return (word & bits) == bits; }
constexpr uint32_t Bit(unsigned n) { return 1u << n; }

uint64_t EnabledState() {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<uint64_t>(high) << 32) | low;
}

bool SystemKnowsTiles() {
  uint64_t components = 0;
  return syscall(SYS_arch_prctl, kGetTileSupport, &components) == 0 && (components >> kTileData & 1) != 0;
}

}  // namespace

bool EnableFeatures(uint64_t features) {
  if ((features & (INGOT_CPU_AMX_BF16 | INGOT_CPU_AMX_INT8)) == 0) return true;
  return syscall(SYS_arch_prctl, kRequestTiles, static_cast<long>(kTileData)) == 0;
}

}  // namespace ingot::runtime

uint64_t ingot_cpu_features(void) {
  using namespace ingot::runtime;
  uint32_t a, b, c, d, leaf1_c, extended_c = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0) return 0;
  leaf1_c = c;
  if (__get_cpuid(0x80000001u, &a, &b, &c, &d) != 0) extended_c = c;

  uint64_t features = 0;
  // SSE3, SSSE3, CMPXCHG16B, SSE4.1, SSE4.2, POPCNT; LAHF.
  if (!Has(leaf1_c, Bit(0) | Bit(9) | Bit(13) | Bit(19) | Bit(20) | Bit(23)) || !Has(extended_c, Bit(0)))
    return features;
  features |= INGOT_CPU_X86_64_V2;

  uint32_t leaf7_b = 0, leaf7_c = 0, leaf7_d = 0, max_subleaf = 0;
  if (__get_cpuid_count(7, 0, &max_subleaf, &b, &c, &d) != 0) {
    leaf7_b = b;
    leaf7_c = c;
    leaf7_d = d;
  }
  // FMA, MOVBE, OSXSAVE, AVX, F16C; BMI1, AVX2, BMI2; LZCNT; the system saves SSE and AVX registers.
  if (!Has(leaf1_c, Bit(12) | Bit(22) | Bit(27) | Bit(28) | Bit(29)) || !Has(leaf7_b, Bit(3) | Bit(5) | Bit(8)))
    return features;
  uint64_t state = EnabledState();
  if (!Has(extended_c, Bit(5)) || (state & 0x6) != 0x6) return features;
  features |= INGOT_CPU_X86_64_V3;

  // AVX-512 F, DQ, CD, BW, VL; the system saves mask and ZMM registers.
  if (!Has(leaf7_b, Bit(16) | Bit(17) | Bit(28) | Bit(30) | Bit(31)) || (state & 0xe6) != 0xe6) return features;
  features |= INGOT_CPU_X86_64_V4;
  if (Has(leaf7_c, Bit(11))) features |= INGOT_CPU_AVX512_VNNI;
  if (Has(leaf7_d, Bit(23))) features |= INGOT_CPU_AVX512_FP16;
  if (max_subleaf >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && Has(a, Bit(5)))
    features |= INGOT_CPU_AVX512_BF16;
  bool tiles = Has(leaf7_d, Bit(24)) && (state & 0x60000) == 0x60000 && SystemKnowsTiles();
  if (tiles && Has(leaf7_d, Bit(22))) features |= INGOT_CPU_AMX_BF16;
  if (tiles && Has(leaf7_d, Bit(25))) features |= INGOT_CPU_AMX_INT8;
  return features;
}

#else  // other processors have no features of their own yet

bool ingot::runtime::EnableFeatures(uint64_t features) { return features == 0; }
uint64_t ingot_cpu_features(void) { return 0; }

#endif
