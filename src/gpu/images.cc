#include "gpu/images.h"

#include <zlib.h>

#include <cstdlib>
#include <new>
#include <string_view>

#include "base/error.h"

#if defined(ESTOC_GPU_IMAGES)  // the list tools/gpu_images.py wrote
#define ESTOC_GPU_IMAGE(name, capability, kind, bytes, path)                                                      \
  asm(".section .rodata\nestoc_image_" #name ":\n.incbin \"" path "\"\nestoc_image_" #name "_end:\n.previous\n"); \
  extern "C" __attribute__((visibility("hidden"))) const char estoc_image_##name[], estoc_image_##name##_end[];
#include ESTOC_GPU_IMAGES
#undef ESTOC_GPU_IMAGE
#endif

namespace estoc::gpu {

std::span<const Image> images() {
#if defined(ESTOC_GPU_IMAGES)
#define ESTOC_GPU_IMAGE(name, capability, kind, bytes, path)           \
  {#name,                                                              \
   capability,                                                         \
   ImageKind::kind,                                                    \
   estoc_image_##name,                                                 \
   static_cast<size_t>(estoc_image_##name##_end - estoc_image_##name), \
   bytes},
  static const Image kImages[] = {
#include ESTOC_GPU_IMAGES
  };
#undef ESTOC_GPU_IMAGE
  return kImages;
#else
  return {};
#endif
}

std::shared_ptr<const void> unpack(const Image& image) {
  constexpr size_t kPage = 4096;
  std::shared_ptr<void> memory(std::aligned_alloc(kPage, (image.bytes + kPage - 1) / kPage * kPage), std::free);
  if (memory == nullptr) throw std::bad_alloc();
  uLongf bytes = image.bytes;
  const int result = uncompress(static_cast<Bytef*>(memory.get()), &bytes, static_cast<const Bytef*>(image.packed),
                                image.packed_bytes);
  if (result != Z_OK || bytes != image.bytes) {
    fail(ErrorCode::internal, "this binary's kernels for GPUs ({}) are damaged", image.name);
  }
  return memory;
}

const Image* image_for(std::span<const Image> among, int capability) {
  const Image* best = nullptr;
  for (const Image& image : among) {
    if (image.kind == ImageKind::hip) continue;
    const bool is_ptx = image.kind == ImageKind::ptx, is_specific = std::string_view(image.name).ends_with("a");
    const bool runs = is_ptx        ? image.capability <= capability
                      : is_specific ? image.capability == capability
                                    : image.capability / 10 == capability / 10 && image.capability <= capability;
    if (!runs) continue;
    if (best == nullptr || (best->kind == ImageKind::ptx && !is_ptx) ||
        (best->kind == image.kind && best->capability <= image.capability)) {
      best = &image;
    }
  }
  return best;
}

const Image* image_for_hip(std::span<const Image> among) {
  for (const Image& image : among) {
    if (image.kind == ImageKind::hip) return &image;
  }
  return nullptr;
}

std::string image_names(std::span<const Image> among) {
  std::string names;
  for (const Image& image : among) names += (names.empty() ? "" : ", ") + std::string(image.name);
  return names;
}

}  // namespace estoc::gpu
