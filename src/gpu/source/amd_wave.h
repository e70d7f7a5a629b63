// How a warp of 32 threads lies in a wave of an AMD card. Shared by amdgcn.h and the emulator.
//
// Threads keep their numbers, 4 g + t as in mma.m16n8k16; which lane of the wave has which is chosen so that operands
// of matrix instructions are where those want them, or one lane away (amd_matrix.h).
//
// Waves of 64 (gfx90a, gfx942): lane l is the thread with t = l / 16 and, of i = l % 16, g = i / 4 * 2 + i % 2. A
// thread has two lanes, its twins h = i / 2 % 2, which run the same instructions on the same values: a matrix
// instruction ignores which lanes are switched off, so that half a wave could not be a warp of its own. Waves of 32
// (gfx11, gfx12): t = l / 16 * 2 + l % 2, g = l % 16 / 2.
#pragma once

#include "gpu/source/types.h"

namespace estoc::gpu {

constexpr int wave64_thread(int lane) { return (lane % 16 / 4 * 2 + lane % 2) * 4 + lane / 16; }
constexpr int wave64_twin(int lane) { return lane / 2 % 2; }
constexpr int wave64_lane(int thread, int twin) { return thread % 4 * 16 + thread / 8 * 4 + twin * 2 + thread / 4 % 2; }
constexpr int wave32_thread(int lane) { return lane % 16 / 2 * 4 + lane / 16 * 2 + lane % 2; }
constexpr int wave32_lane(int thread) { return thread / 2 % 2 * 16 + thread / 4 * 2 + thread % 2; }

// Lanes whose threads' numbers differ by `mask`.
constexpr int wave64_xor(int lane, int mask) { return lane ^ wave64_lane(mask, 0); }
constexpr int wave32_xor(int lane, int mask) { return lane ^ wave32_lane(mask); }

}  // namespace estoc::gpu
