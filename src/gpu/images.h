// The kernels' images inside this binary: cubins for some architectures of NVIDIA and PTX for the rest; code objects
// for cards of AMD where the build was asked for them (ESTOC_GPU_TARGETS). Each is packed by zlib, to a quarter. Empty
// when the build had no device compiler (`make gpu` brings one).
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace estoc::gpu {

enum class ImageKind {
  cubin,
  ptx,  // text that the driver compiles when it is loaded
  hip   // a bundle of code objects, of which HIP takes the one for its device
};

struct Image {
  const char* name;  // sm_90a, compute_80, amdgcn ...
  int capability;    // 90
  ImageKind kind;
  const void* packed;
  size_t packed_bytes, bytes;  // unpacked, with a 0 at the end
};

std::span<const Image> images();

// What a driver loads, aligned to a page. Throws Error{internal} when the binary is damaged.
std::shared_ptr<const void> unpack(const Image& image);

// The image for a device of NVIDIA: a cubin of its own, else one of its family that it can run, else PTX; null when
// there is none.
const Image* image_for(std::span<const Image> among, int capability);
// The bundle for devices of AMD; null when there is none.
const Image* image_for_hip(std::span<const Image> among);

// The images' names with commas between, for a sentence.
std::string image_names(std::span<const Image> among);

}  // namespace estoc::gpu
