#include "gpu/device_report.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/format_bytes.h"
#include "gpu/device.h"
#include "gpu/hip.h"

namespace estoc::gpu {
namespace {

std::string kernels_of(const Device& device, std::span<const Image> images) {
  const Image* const image = device.is_amd() ? image_for_hip(images) : image_for(images, device.capability);
  return image != nullptr ? fmt::format("kernels {}", image->name) : "no kernels for it in this build";
}

std::string line_of(const Driver& driver, std::string_view kind, int index, std::span<const Image> images) {
  try {
    const Device device(driver, index);
    size_t free = 0, total = 0;
    driver.check(driver.memory_info(&free, &total), "reading its free memory");
    const std::string capability =
        device.is_amd() ? "" : fmt::format("capability {}.{}, ", device.capability / 10, device.capability % 10);
    return fmt::format("{}:{} {}, {}{} multiprocessors, {} of {} free, {}", kind, index, device.name, capability,
                       device.multiprocessors, format_bytes(free), format_bytes(total), kernels_of(device, images));
  } catch (const Error& error) {  // another process may have it for itself
    return fmt::format("{}:{} cannot be used: {}", kind, index, error.what());
  }
}

}  // namespace

std::vector<std::string> device_lines(const Driver& driver, std::string_view kind, std::span<const Image> images) {
  int count = 0;
  driver.check(driver.device_count(&count), "counting devices");
  std::vector<std::string> lines;
  for (int index = 0; index < count; ++index) lines.push_back(line_of(driver, kind, index, images));
  return lines;
}

std::vector<std::string> gpu_lines() {
  std::vector<std::string> lines;
  std::string reason;
  const auto add = [&](const Driver& (*open)(), std::string_view kind) {
    try {
      for (std::string& line : device_lines(open(), kind, images())) lines.push_back(std::move(line));
    } catch (const Error& error) {
      reason += fmt::format("{}{}", reason.empty() ? "" : "; ", error.what());
    }
  };
  add(open_cuda, "cuda");
  add(open_hip, "hip");
  if (lines.empty()) lines.push_back("none: " + reason);
  return lines;
}

}  // namespace estoc::gpu
