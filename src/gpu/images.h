// The kernels' images inside this binary: cubins for some architectures and PTX for the rest. Empty when the build had
// no device compiler (`make gpu` brings one).
#pragma once

#include <cstddef>
#include <span>

namespace estoc::gpu {

struct Image {
  const char* name;  // sm_90a, compute_80 ...
  int capability;    // 90
  bool is_ptx;       // text that the driver compiles when it is loaded
  const void* data;  // followed by a 0
  size_t bytes;
};

std::span<const Image> images();

// The image for a device: a cubin of its own, else one of its family that it can run, else PTX; null when there is
// none.
const Image* image_for(std::span<const Image> among, int capability);

}  // namespace estoc::gpu
