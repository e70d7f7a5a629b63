// What this machine can do at most: multiply-adds in registers and bytes read a second. For benchmarks, as the roof
// that a kernel's rate is held against.
//
// What: loops of one instruction on values that never leave registers, and loops that only load. Threads: each call
// measures on the calling thread, or on the team it is given. Nothing throws. A measurement takes 10 to 50 ms; it is
// the best of several, since whatever disturbs it only makes it slower.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/kernels.h"

namespace estoc {
class ThreadTeam;
}

namespace estoc::kernels {

// int8: u8 x s8 into int32, as integer weights are computed with. bf16 into f32.
enum class Arithmetic { int8, f32, bf16 };

const char* arithmetic_name(Arithmetic kind);

// Multiply-adds a second of one thread with the best instruction that `isa` or a level below it has on this CPU; 0 when
// it has none (scalar, and bf16 below avx512_bf16).
double arithmetic_rate(Isa isa, Arithmetic kind);

// Bytes a second that one thread reads of `memory`, over and over: from a cache when it fits.
double read_rate(Isa isa, std::span<const std::byte> memory);

// The same for all threads of a team together, each its own part of `memory`.
double read_rate(Isa isa, std::span<const std::byte> memory, ThreadTeam& team);

// One level's loops; a null function is one this level adds nothing to. isa/probe_*.cc.
struct ProbeLoop {
  uint64_t (*run)(int64_t rounds) noexcept;  // the result depends on every round, so that none is optimized away
  int64_t macs;                              // of one round
};
struct ProbeLoops {
  ProbeLoop int8, f32, bf16;
  uint64_t (*read)(const std::byte* memory, size_t bytes) noexcept;  // bytes: a multiple of 512
};
extern const ProbeLoops probe_scalar, probe_avx2, probe_avx_vnni, probe_avx512, probe_avx512_bf16, probe_amx;

}  // namespace estoc::kernels
