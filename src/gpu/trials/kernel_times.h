// Times of the kernels that models are computed with, each compared with its reference in the same run and set beside
// what the card can do at best.
//
// Threads: the device's one. Errors: those of the device.
#pragma once

#include <functional>
#include <string>

#include "gpu/trials/roof.h"

namespace estoc::gpu {

struct KernelTime {
  std::string kernel, what;
  Check check;
  double seconds = 0;  // of a launch among others of its kind, what it reads in no cache
  TrialWork work;
};

struct KernelTimesPlan {
  bool is_small = false;  // tiny shapes, for the emulator and for sanitizers
  std::string filter;     // only what has this in "kernel what"; empty: everything
  // Whether to go on; asked before each kernel. May be empty.
  std::function<bool(const std::string& name)> wants_more;
};

// `found` gets each kernel as it is done.
void time_kernels(const Device& device, const Module& module, const KernelTimesPlan& plan, Random& random,
                  const std::function<void(const KernelTime&)>& found);

}  // namespace estoc::gpu
