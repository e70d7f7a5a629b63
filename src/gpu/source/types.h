// Names of the plain types that kernels and the host share. Needs no standard header: device compilers run without any.
#pragma once

namespace estoc::gpu {

using u8 = unsigned char;
using u16 = unsigned short;
using u32 = unsigned;
using u64 = unsigned long;

inline constexpr float kLog2E = 1.4426950408889634f;  // exponentials are of two
inline constexpr float kLn2 = 0.6931471805599453f;

// What one load instruction moves, whatever lies there.
struct [[gnu::may_alias]] alignas(8) Words2 {
  u32 v[2];
};
struct [[gnu::may_alias]] alignas(16) Words4 {
  u32 v[4];
};

}  // namespace estoc::gpu
