// HIP's library for cards of AMD behind the table of driver.h.
//
// Most functions are the same under another name; hip.cc translates the others: attributes have other numbers, a device
// is used without a context, names of errors are returned. What the table asks of a card of NVIDIA only is answered so
// that nobody counts on it: capability 0, no launch attributes. Compiled and emulated, never run on a card.
//
// Threads and errors: as driver.h.
#pragma once

#include "gpu/driver.h"

namespace estoc::gpu {

// Opens `library` and fills the table; initializes nothing. One library a process: the functions that are translated
// call the one that was opened last. Throws Error(unsupported).
Driver open_hip_driver(const char* library);

// The HIP library that is installed (ROCm 7, 6 or 5), initialized, with at least one device. Opened once a process; any
// thread. Throws Error(unsupported).
const Driver& open_hip();

}  // namespace estoc::gpu
