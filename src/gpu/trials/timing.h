// How long a launch takes among others of its kind. Threads: the device's one. Errors: those of the device.
#pragma once

#include <functional>

#include "gpu/device.h"

namespace estoc::gpu {

// Seconds a launch takes in a graph of `count` of them, recorded by record(0), record(1), ...: the median of replays,
// after one that is not counted.
double seconds_each(const Device& device, int count, const std::function<void(int)>& record, int replays = 7);

}  // namespace estoc::gpu
