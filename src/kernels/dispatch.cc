#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <array>
#include <atomic>
#include <cstring>

#include "base/check.h"
#include "kernels/kernels.h"

namespace estoc::kernels {
namespace {

constexpr std::array<const Kernels*, kIsaCount> kLevels = {
    &scalar,
#if defined(__x86_64__)
    &avx2,   &avx_vnni, &avx512, &avx512_bf16, &amx,
#endif
};

constexpr const char* kNames[kIsaCount] = {"scalar", "avx2", "avx_vnni", "avx512", "avx512_bf16", "amx"};

std::atomic<const Kernels*> chosen{nullptr};

#if defined(__x86_64__)
// Not among the names __builtin_cpu_supports knows in g++ 12. The 256-bit registers themselves are checked by AVX2.
bool has_avx_vnni() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0 && (eax & (1u << 4)) != 0;
}

// The CPU has tiles of int8 and bf16, and Linux lets this process use them (asked once; inherited by its threads).
bool has_amx() {
  static const bool result = [] {
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    constexpr unsigned kBf16 = 1u << 22, kTile = 1u << 24, kInt8 = 1u << 25, kAll = kBf16 | kTile | kInt8;
    if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0 || (edx & kAll) != kAll) return false;
    constexpr long kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
    return ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  }();
  return result;
}

// Whether vdpbf16ps does twice what f32 multiply-adds do in a cycle: on AMD's CPUs. On Intel's it does half (measured
// on Sapphire Rapids: 16 products a cycle beside 32), and only where they wait for weights from memory it does not
// matter.
bool has_fast_bf16_dot() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid(0, &eax, &ebx, &ecx, &edx) == 0) return false;
  char vendor[12];
  std::memcpy(vendor, &ebx, 4);
  std::memcpy(vendor + 4, &edx, 4);
  std::memcpy(vendor + 8, &ecx, 4);
  return std::memcmp(vendor, "AuthenticAMD", sizeof vendor) == 0;
}
#endif

}  // namespace

bool is_supported(Isa isa) {
  if (kLevels[static_cast<size_t>(isa)] == nullptr) return false;
#if defined(__x86_64__)
  const auto has_avx2 = [] {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  };
  const auto has_avx512 = [&] {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vnni");
  };
  switch (isa) {
    case Isa::scalar:
      return true;
    case Isa::avx2:
      return has_avx2();
    case Isa::avx512:
      return has_avx512();
    case Isa::avx_vnni:
      return has_avx2() && has_avx_vnni();
    case Isa::avx512_bf16:
      return has_avx512() && __builtin_cpu_supports("avx512bf16");
    case Isa::amx:
      return has_avx512() && __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vbmi") &&
             has_amx();
  }
#endif
  return isa == Isa::scalar;
}

namespace {

// Whether dense_tile_gemm of a level is faster on this CPU than widened weights are.
bool pays_with_tiles([[maybe_unused]] Isa isa) {
#if defined(__x86_64__)
  if (isa == Isa::avx512_bf16) return has_fast_bf16_dot();
#endif
  return true;
}

// A level's own cells over those of the levels below it that this CPU runs.
Kernels filled(Isa isa) {
  Kernels result = scalar;
  for (int level = 1; level <= static_cast<int>(isa); ++level) {
    if (!is_supported(static_cast<Isa>(level))) continue;
    const Kernels& own = *kLevels[static_cast<size_t>(level)];
    const auto take = [](auto& cell, auto value) {
      if (value != nullptr) cell = value;
    };
    result.has_bf16_dot = result.has_bf16_dot || own.has_bf16_dot;
    take(result.quantize_row, own.quantize_row);
    take(result.panel_gemm, own.panel_gemm);
    if (own.tile_rows_min > 0) result.tile_rows_min = own.tile_rows_min;
    take(result.make_row_tiles, own.make_row_tiles);
    take(result.tile_gemm, own.tile_gemm);
    if (own.code_rows_min > 0) result.code_rows_min = own.code_rows_min;
    take(result.make_code_tiles, own.make_code_tiles);
    take(result.code_tile_gemm, own.code_tile_gemm);
    take(result.dense_gemm, own.dense_gemm);
    if (own.dense_tile_rows_min > 0 && pays_with_tiles(own.isa)) result.dense_tile_rows_min = own.dense_tile_rows_min;
    if (own.split_tile_rows_min > 0) result.split_tile_rows_min = own.split_tile_rows_min;
    take(result.dense_tile_gemm, own.dense_tile_gemm);
    take(result.widen, own.widen);
    take(result.f8_gemm, own.f8_gemm);
    if (own.f8_tile_rows_min > 0) result.f8_tile_rows_min = own.f8_tile_rows_min;
    take(result.f8_tile_gemm, own.f8_tile_gemm);
    take(result.widen_f8, own.widen_f8);
    take(result.rms_norm, own.rms_norm);
    take(result.layer_norm, own.layer_norm);
    take(result.rope, own.rope);
    take(result.activate, own.activate);
    take(result.clamped_swiglu, own.clamped_swiglu);
    take(result.soft_cap, own.soft_cap);
    take(result.add, own.add);
    take(result.add_scaled, own.add_scaled);
    take(result.short_conv, own.short_conv);
    take(result.causal_conv, own.causal_conv);
    take(result.delta_rule, own.delta_rule);
    take(result.ssd_rows, own.ssd_rows);
    take(result.ssd_chunk, own.ssd_chunk);
    take(result.ssd_steps, own.ssd_steps);
    take(result.selective_scan, own.selective_scan);
    take(result.attention, own.attention);
    take(result.attention_merge, own.attention_merge);
    take(result.write_kv, own.write_kv);
    take(result.to_f16, own.to_f16);
    result.name = own.name;
    result.isa = own.isa;
  }
  return result;
}

}  // namespace

Isa best_isa() {
  for (int level = kIsaCount - 1; level > 0; --level) {
    if (is_supported(static_cast<Isa>(level))) return static_cast<Isa>(level);
  }
  return Isa::scalar;
}

const char* isa_name(Isa isa) { return kNames[static_cast<int>(isa)]; }

const char* isa_names() { return "scalar, avx2, avx_vnni, avx512, avx512_bf16 or amx"; }

bool parse_isa(const char* name, Isa* isa) {
  for (int level = 0; level < kIsaCount; ++level) {
    if (std::strcmp(name, kNames[level]) == 0) {
      *isa = static_cast<Isa>(level);
      return true;
    }
  }
  return false;
}

const Kernels& table_of(Isa isa) {
  ESTOC_CHECK(is_supported(isa));
  static const std::array<Kernels, kIsaCount> tables = [] {
    std::array<Kernels, kIsaCount> all{};
    for (int level = 0; level < kIsaCount; ++level) {
      if (is_supported(static_cast<Isa>(level))) all[static_cast<size_t>(level)] = filled(static_cast<Isa>(level));
    }
    return all;
  }();
  return tables[static_cast<size_t>(isa)];
}

const Kernels& table() {
  const Kernels* current = chosen.load(std::memory_order_acquire);
  if (current == nullptr) {
    current = &table_of(best_isa());
    chosen.store(current, std::memory_order_release);
  }
  return *current;
}

bool force_isa(Isa isa) {
  if (!is_supported(isa)) return false;
  chosen.store(&table_of(isa), std::memory_order_release);
  return true;
}

}  // namespace estoc::kernels
