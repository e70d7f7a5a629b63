#include "gpu/trials/trial.h"

namespace estoc::gpu {

Copies::Copies(const Device& device, const std::vector<uint8_t>& bytes, int count)
    : bytes_(bytes.size()),
      stride_((bytes.size() + 255) / 256 * 256),
      count_(count),
      memory_(device, stride_ * static_cast<size_t>(count)) {
  memory_.upload(bytes.data(), bytes_);
  for (int i = 1; i < count; ++i) memory_.begin_copy(0, static_cast<size_t>(i) * stride_, bytes_);
  device.synchronize();
}

std::vector<uint8_t> Copies::values(int turn) const {
  std::vector<uint8_t> bytes(bytes_);
  memory_.download(bytes.data(), bytes_, static_cast<size_t>(turn % count_) * stride_);
  return bytes;
}

}  // namespace estoc::gpu
