// A device with its kernels loaded: what everything that computes on a GPU begins with.
//
// Ownership: shared by the stacks of models on the device; what is made from it may not outlive it. Threads: one at a
// time, as Device says; the thread that goes on where another has stopped calls device().use(). Errors: open throws
// Error{unsupported, invalid_argument} with one sentence: no driver, no device, no kernels for this one.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "gpu/device.h"

namespace estoc::gpu {

class Accelerator {
 public:
  // "cuda" or "cuda:N", NVIDIA's device N; "hip" or "hip:N", AMD's; "emulator" or "emulator:N", and the same as a card
  // of AMD, "emulator-gfx942", "-gfx1100", "-gfx1201". Null for any other name.
  static std::shared_ptr<Accelerator> open(std::string_view place);

  Accelerator(const Driver& driver, int index, const void* image);

  const Device& device() const { return device_; }
  const Module& module() const { return module_; }
  // Looked up once. Throws when the image has no such kernel.
  Handle function(const std::string& kernel) const;
  bool has(const std::string& kernel) const;

  template <class Arguments>
  void launch(const std::string& kernel, const LaunchShape& shape, const Arguments& arguments) const {
    gpu::launch(device_, function(kernel), shape, arguments);
  }

 private:
  const Device device_;
  const Module module_;
  mutable std::map<std::string, Handle> functions_;
};

}  // namespace estoc::gpu
