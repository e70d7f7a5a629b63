#include "gpu/accelerator.h"

#include <charconv>
#include <optional>

#include "base/error.h"
#include "gpu/emulator.h"
#include "gpu/hip.h"
#include "gpu/images.h"

namespace estoc::gpu {
namespace {

// The number of "KIND" or "KIND:N"; nothing when the place is of another kind.
std::optional<int> index_of(std::string_view place, std::string_view kind) {
  if (!place.starts_with(kind)) return {};
  const std::string_view rest = place.substr(kind.size());
  if (rest.empty()) return 0;
  if (rest[0] != ':') return {};
  int index = -1;
  const auto [end, error] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), index);
  if (error != std::errc() || end != rest.data() + rest.size() || index < 0) {
    fail(ErrorCode::invalid_argument, "the place '{}' is not known, expected {} or {}:N with the number of a device",
         place, kind, kind);
  }
  return index;
}

std::shared_ptr<const void> image_of(const Driver& driver, int index) {
  const int capability = capability_of(driver, index);
  const Image* image = image_for(images(), capability);
  if (image != nullptr) return unpack(*image);
  if (images().empty()) {
    fail(ErrorCode::unsupported,
         "this build has no kernels for GPUs: `make gpu` brings the compiler and builds them in");
  }
  fail(ErrorCode::unsupported, "this build has no kernels for a device of capability {}.{} (it has {})",
       capability / 10, capability % 10, image_names(images()));
}

std::shared_ptr<const void> hip_image() {
  const Image* image = image_for_hip(images());
  if (image != nullptr) return unpack(*image);
  fail(ErrorCode::unsupported,
       "this build has no kernels for cards of AMD: `make gpu GPU_TARGETS=\"cuda;hip\"` builds them in");
}

struct EmulatedPlace {
  const char* kind;
  EmulatedCard card;
};
constexpr EmulatedPlace kEmulated[] = {{"emulator", EmulatedCard::hopper},
                                       {"emulator-gfx942", EmulatedCard::gfx942},
                                       {"emulator-gfx1100", EmulatedCard::gfx1100},
                                       {"emulator-gfx1201", EmulatedCard::gfx1201}};

}  // namespace

std::shared_ptr<Accelerator> Accelerator::open(std::string_view place) {
  for (const auto& [kind, card] : kEmulated) {
    if (const auto index = index_of(place, kind)) return std::make_shared<Accelerator>(emulator(card), *index, "");
  }
  if (const auto index = index_of(place, "hip")) {
    const Driver& driver = open_hip();
    return std::make_shared<Accelerator>(driver, *index, hip_image().get());
  }
  const auto index = index_of(place, "cuda");
  if (!index) return nullptr;
  const Driver& driver = open_cuda();
  return std::make_shared<Accelerator>(driver, *index, image_of(driver, *index).get());
}

Accelerator::Accelerator(const Driver& driver, int index, const void* image)
    : device_(driver, index), module_(device_, image) {}

bool Accelerator::has(const std::string& kernel) const {
  const auto [at, is_new] = functions_.try_emplace(kernel, nullptr);
  if (is_new) at->second = module_.find(kernel);
  return at->second != nullptr;
}

Handle Accelerator::function(const std::string& kernel) const {
  return has(kernel) ? functions_.find(kernel)->second : module_.function(kernel);
}

}  // namespace estoc::gpu
