#include "kernels/probe.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/best_seconds.h"
#include "base/check.h"
#include "base/thread_team.h"

namespace estoc::kernels {

const ProbeLoops probe_scalar = {
    .int8 = {}, .f32 = {}, .bf16 = {}, .read = [](const std::byte* memory, size_t bytes) noexcept {
      uint64_t sums[8] = {}, words[8];
      for (size_t at = 0; at < bytes; at += sizeof words) {
        std::memcpy(words, memory + at, sizeof words);
        for (int i = 0; i < 8; ++i) sums[i] += words[i];
      }
      for (int i = 1; i < 8; ++i) sums[0] += sums[i];
      return sums[0];
    }};

namespace {

constexpr std::array<const ProbeLoops*, kIsaCount> kLevels = {
    &probe_scalar,
#if defined(__x86_64__)
    &probe_avx2,   &probe_avx_vnni, &probe_avx512, &probe_avx512_bf16, &probe_amx,
#endif
};

constexpr int kRepeats = 7;
constexpr double kSampleSeconds = 2e-3;  // long against the clock, short against a time slice

// For all the compiler knows somebody reads the value.
void keep(uint64_t value) { asm volatile("" : : "r"(value)); }

const ProbeLoop& loop_of(const ProbeLoops& loops, Arithmetic kind) {
  return kind == Arithmetic::int8 ? loops.int8 : kind == Arithmetic::f32 ? loops.f32 : loops.bf16;
}

template <typename Work>
double probe_seconds(Work&& work) {
  return best_seconds(work, kSampleSeconds, kRepeats);
}

const ProbeLoops& reading_level(Isa isa) {
  const ProbeLoops* best = &probe_scalar;
  for (int level = 1; level <= static_cast<int>(isa); ++level) {
    const ProbeLoops* own = kLevels[static_cast<size_t>(level)];
    if (own != nullptr && own->read != nullptr && is_supported(static_cast<Isa>(level))) best = own;
  }
  return *best;
}

constexpr size_t kReadStep = 512;  // bytes a round of the reading loops takes

}  // namespace

const char* arithmetic_name(Arithmetic kind) {
  return kind == Arithmetic::int8 ? "int8" : kind == Arithmetic::f32 ? "f32" : "bf16";
}

double arithmetic_rate(Isa isa, Arithmetic kind) {
  double best = 0;
  for (int level = 1; level <= static_cast<int>(isa); ++level) {
    const ProbeLoops* own = kLevels[static_cast<size_t>(level)];
    if (own == nullptr || !is_supported(static_cast<Isa>(level))) continue;
    const ProbeLoop& loop = loop_of(*own, kind);
    if (loop.run == nullptr) continue;
    constexpr int64_t kRounds = 1 << 12;
    const double seconds = probe_seconds([&] { keep(loop.run(kRounds)); });
    best = std::max(best, static_cast<double>(loop.macs * kRounds) / seconds);
  }
  return best;
}

double read_rate(Isa isa, std::span<const std::byte> memory) {
  const size_t bytes = memory.size() / kReadStep * kReadStep;
  ESTOC_CHECK(bytes > 0);
  const ProbeLoops& loops = reading_level(isa);
  return static_cast<double>(bytes) / probe_seconds([&] { keep(loops.read(memory.data(), bytes)); });
}

double read_rate(Isa isa, std::span<const std::byte> memory, ThreadTeam& team) {
  const size_t part = memory.size() / static_cast<size_t>(team.thread_count()) / kReadStep * kReadStep;
  ESTOC_CHECK(part > 0);
  const ProbeLoops& loops = reading_level(isa);
  const double seconds = probe_seconds([&] {
    team.run([&](int thread) { keep(loops.read(memory.data() + static_cast<size_t>(thread) * part, part)); });
  });
  return static_cast<double>(part) * team.thread_count() / seconds;
}

}  // namespace estoc::kernels
