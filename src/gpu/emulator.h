// A GPU that is not there: the driver's table over main memory and fibers, so that host code and kernels run in any
// test.
//
// Device memory is main memory, filled with 0xFF (NaN) when allocated; an Address is its pointer. Kernels are those
// that were compiled into the program (emulated_decode_kernels.cc, its siblings, any other file with KERNEL), whatever
// image is "loaded". Work on a stream is done at once, except while it is captured, or on streams that are made to be
// late. Blocks run one after the other, in an order that the seed chooses, like the threads in each. A launch that
// faults returns kLaunchFailed and emulator_fault() says why. Every call takes one lock for the whole emulator.
#pragma once

#include <cstdint>
#include <string>

#include "gpu/driver.h"
#include "gpu/emulated_kernel.h"

namespace estoc::gpu {

inline constexpr Result kInvalidValue = 1;
inline constexpr Result kNotFound = 500;
inline constexpr Result kLaunchFailed = 719;

// A card of that kind: a block's threads, the waves' lanes and how matrix products are made are that card's.
const Driver& emulator(EmulatedCard card = EmulatedCard::hopper);

// 0: everything in order. Any other value shuffles blocks and threads, differently for each launch.
void set_emulator_seed(uint64_t seed);

// Streams that are made from now on do nothing before somebody waits for it: the other end of what a second stream of
// a device may do. For tests.
void set_emulator_late_streams(bool are_late);

// Beyond so many more launches every one fails as on a device that has fallen off its bus; below 0, as at the start
// unless GPU_EMULATOR_LAUNCHES says otherwise, none does. For tests.
void set_emulator_launches(int64_t left);

// What the last failed launch did wrong; empty when none has failed.
std::string emulator_fault();

}  // namespace estoc::gpu
