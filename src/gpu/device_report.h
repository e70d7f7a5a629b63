// What GPUs there are, for people: a line each, or one that says why there is none.
// Threads: any. Errors: none; what goes wrong is what the lines say.
#pragma once

#include <string>
#include <vector>

#include "gpu/driver.h"
#include "gpu/images.h"

namespace estoc::gpu {

// "cuda:0 NVIDIA H100 80GB HBM3, capability 9.0, 132 multiprocessors, 78.9 of 79.2 GiB free, kernels sm_90a", one for
// each of the driver's devices.
std::vector<std::string> device_lines(const Driver& driver, std::string_view kind, std::span<const Image> images);

// Of NVIDIA's and AMD's drivers, those that are here.
std::vector<std::string> gpu_lines();

}  // namespace estoc::gpu
