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
    &avx2,
    &avx512,
    &avx512_bf16,
#endif
};

constexpr const char* kNames[kIsaCount] = {"scalar", "avx2", "avx512", "avx512_bf16"};

// A level's own cells over those of the levels below it.
Kernels filled(Isa isa) {
  Kernels result = scalar;
  for (int level = 1; level <= static_cast<int>(isa); ++level) {
    const Kernels& own = *kLevels[static_cast<size_t>(level)];
    const auto take = [](auto& cell, auto value) {
      if (value != nullptr) cell = value;
    };
    take(result.quantize_row, own.quantize_row);
    take(result.panel_gemm, own.panel_gemm);
    take(result.dense_gemm, own.dense_gemm);
    take(result.rms_norm, own.rms_norm);
    take(result.rope, own.rope);
    take(result.silu_mul, own.silu_mul);
    take(result.add, own.add);
    take(result.attention, own.attention);
    take(result.to_f16, own.to_f16);
    result.name = own.name;
    result.isa = own.isa;
  }
  return result;
}

std::atomic<const Kernels*> chosen{nullptr};

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
    case Isa::avx512_bf16:
      return has_avx512() && __builtin_cpu_supports("avx512bf16");
  }
#endif
  return isa == Isa::scalar;
}

Isa best_isa() {
  for (int level = kIsaCount - 1; level > 0; --level) {
    if (is_supported(static_cast<Isa>(level))) return static_cast<Isa>(level);
  }
  return Isa::scalar;
}

const char* isa_name(Isa isa) { return kNames[static_cast<int>(isa)]; }

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
