#include "serving/placement.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "base/error.h"
#include "base/format_bytes.h"
#include "base/log.h"
#include "models/device_needs.h"
#include "serving/model_plan.h"

namespace estoc {
namespace {

constexpr const char* kCpu = "cpu";
constexpr const char* kAuto = "auto";

// What a run has beside weights, keys and values (gpu_layers/gpu_buffers.cc), and as much again for what the driver and
// the kernels take.
uint64_t buffer_bytes_of(const ModelSettings& settings, const WeightSource& weights, const ModelInfo& info) {
  const auto rows = static_cast<uint64_t>(choose_batch_tokens(settings, true) + 256);
  const uint64_t parts = device_part_bytes(weights, static_cast<int>(rows));
  const auto hidden = static_cast<uint64_t>(info.hidden), ffn = static_cast<uint64_t>(info.ffn);
  const auto heads = static_cast<uint64_t>(info.heads + 2 * info.kv_heads) * static_cast<uint64_t>(info.head_dim);
  const uint64_t logits =
      static_cast<uint64_t>(choose_sequences(settings, true)) * static_cast<uint64_t>(info.vocab) * 4;
  return 2 * (rows * (hidden * 8 + heads * 8 + ffn * 2) + logits) + parts + (uint64_t{256} << 20);
}

uint64_t free_bytes_of(const gpu::Accelerator& device) {
  size_t free = 0, total = 0;
  device.device().driver().check(device.device().driver().memory_info(&free, &total), "reading its free memory");
  return free;
}

// The device that is meant; nothing where `auto` finds none that could be used.
std::shared_ptr<gpu::Accelerator> open_device(const std::string& asked) {
  if (asked == kCpu) return nullptr;
  if (asked != kAuto) {
    auto device = gpu::Accelerator::open(asked);
    if (device == nullptr) {
      fail(ErrorCode::invalid_argument,
           "the device '{}' is not known, expected auto, cpu, cuda, cuda:N, hip, hip:N or emulator", asked);
    }
    return device;
  }
  try {
    gpu::open_cuda();
  } catch (const Error& error) {
    log_debug("no GPU is used: {}", error.what());
    return nullptr;
  }
  try {
    return gpu::Accelerator::open("cuda");
  } catch (const Error& error) {  // there is one, so somebody may expect it to be used
    log_warn("the GPU is not used: {}", error.what());
    return nullptr;
  }
}

// As many bytes of keys and values as the device makes of these.
uint64_t on_device(uint64_t bytes, int head_dim) {
  if (head_dim == 0) return bytes;
  return bytes * static_cast<uint64_t>(device_head_dim(head_dim)) / static_cast<uint64_t>(head_dim);
}

// Keys, values and states of one context in so many layers.
uint64_t context_bytes_of(const ModelSettings& settings, const ModelInfo& info, int layers) {
  const int context =
      settings.engine.context > 0 ? std::min(settings.engine.context, info.context_max) : info.context_max;
  const auto blocks = static_cast<uint64_t>((context + kKvBlockTokens - 1) / kKvBlockTokens);
  const uint64_t all =
      blocks * info.state.position_block_bytes(choose_kv_type(settings, true)) + info.state.sequence_bytes();
  return on_device(all, info.head_dim) * static_cast<uint64_t>(layers) / static_cast<uint64_t>(info.layers);
}

// The first layer from which on all fit; the number of layers when none does. What fewer layers need is less, so that
// few are tried: each is planned tensor by tensor.
int first_that_fits(const ModelSettings& settings, const WeightSource& weights, const ModelInfo& info,
                    const DevicePart& part) {
  const auto layers = std::views::iota(0, info.layers);
  const auto fits = std::ranges::partition_point(layers, [&](int first) {
    return device_weight_bytes(weights, first, info.layers) + part.buffer_bytes +
               context_bytes_of(settings, info, info.layers - first) >
           part.free_bytes;
  });
  return static_cast<int>(fits - layers.begin());
}

// What a device does not promise.
void refuse_promises(const ModelSettings& settings, const std::string& device) {
  if (settings.compute == ComputeMode::exact) {
    fail(ErrorCode::unsupported, "exact mode is computed on CPUs only, not on '{}'", device);
  }
}

DevicePart open_part(std::shared_ptr<gpu::Accelerator> device, std::string name, const ModelSettings& settings,
                     const WeightSource& weights, const ModelInfo& info) {
  refuse_promises(settings, name);
  DevicePart part{.device = std::move(device), .name = std::move(name), .end = info.layers};
  part.free_bytes = free_bytes_of(*part.device);
  part.buffer_bytes = buffer_bytes_of(settings, weights, info);
  return part;
}

// The last layers on one device.
Placement place_last(const std::shared_ptr<gpu::Accelerator>& device, const ModelSettings& settings,
                     const WeightSource& weights, const ModelInfo& info) {
  DevicePart part = open_part(device, settings.device == kAuto ? "cuda" : settings.device, settings, weights, info);
  const int fits = first_that_fits(settings, weights, info, part);
  part.first = settings.gpu_layers ? info.layers - std::min(*settings.gpu_layers, info.layers) : fits;
  if (part.first < fits) {
    fail(ErrorCode::resource_exhausted, "{} has {} free: {} of {} layers fit beside one context, not {}",
         device->device().name, format_bytes(part.free_bytes), info.layers - fits, info.layers,
         info.layers - part.first);
  }
  if (part.first == info.layers) {
    if (settings.gpu_layers) return {.layers = info.layers};
    fail(ErrorCode::resource_exhausted, "{} has {} free: not one layer fits beside one context", device->device().name,
         format_bytes(part.free_bytes));
  }
  part.weight_bytes = device_weight_bytes(weights, part.first, info.layers);
  Placement placement{.layers = info.layers};
  if (part.first > 0) placement.stacks.push_back({part.first});
  placement.stacks.push_back({info.layers, part.name});
  placement.devices.push_back(std::move(part));
  return placement;
}

// Layers where `settings.places` says.
Placement place_as_told(const ModelSettings& settings, const WeightSource& weights, const ModelInfo& info) {
  const int end = settings.places.back().last + 1;
  if (end != info.layers) {
    fail(ErrorCode::invalid_argument, "the places have layers 0 to {}, expected 0 to {}", end - 1, info.layers - 1);
  }
  Placement placement{.layers = info.layers};
  for (const PlacedLayers& place : settings.places) {
    placement.stacks.push_back({place.last + 1, place.device});
    std::shared_ptr<gpu::Accelerator> device = gpu::Accelerator::open(place.device);
    if (device == nullptr) continue;  // a CPU, or what loading refuses
    DevicePart part = open_part(std::move(device), place.device, settings, weights, info);
    part.first = place.first;
    part.end = place.last + 1;
    part.weight_bytes = device_weight_bytes(weights, part.first, part.end);
    const uint64_t context = context_bytes_of(settings, info, part.end - part.first);
    if (part.weight_bytes + part.buffer_bytes + context > part.free_bytes) {
      fail(ErrorCode::resource_exhausted,
           "{} has {} free, but layers {} to {} need {} of weights, {} of buffers and {} for one context", part.name,
           format_bytes(part.free_bytes), place.first, place.last, format_bytes(part.weight_bytes),
           format_bytes(part.buffer_bytes), format_bytes(context));
    }
    placement.devices.push_back(std::move(part));
  }
  if (!placement.has_device()) placement.stacks.clear();
  return placement;
}

}  // namespace

uint64_t DevicePart::kv_bytes() const { return free_bytes - std::min(free_bytes, weight_bytes + buffer_bytes); }

int Placement::device_layers() const {
  int count = 0;
  for (const DevicePart& part : devices) count += part.end - part.first;
  return count;
}

uint64_t Placement::kv_bytes(const StateLayout& state) const {
  uint64_t least = has_device() ? UINT64_MAX : 0;
  for (const DevicePart& part : devices) {
    for (const StateGroup& group : state.groups()) {
      // Behind all layers' states there are those of second mixers, which all layers have or none.
      const auto own = static_cast<uint64_t>(std::ranges::count_if(
          group.layers, [&](int state) { return state % layers >= part.first && state % layers < part.end; }));
      if (own == 0) continue;
      const PagedState* const paged = state.paged(group.layers.front());
      const auto dim = static_cast<uint64_t>(paged != nullptr ? paged->head_dim : 1);
      const auto room = paged != nullptr ? static_cast<uint64_t>(device_head_dim(paged->head_dim)) : 1;
      least = std::min(least, part.kv_bytes() / room * dim / own * static_cast<uint64_t>(group.layers.size()));
    }
  }
  return least;
}

uint64_t Placement::free_bytes() const {
  uint64_t sum = 0;
  for (const DevicePart& part : devices) sum += part.free_bytes;
  return sum;
}

Placement place_model(const ModelSettings& settings, const WeightSource& weights, const ModelInfo& info) {
  if (!settings.places.empty()) return place_as_told(settings, weights, info);
  const std::shared_ptr<gpu::Accelerator> device = open_device(settings.device);
  if (device == nullptr) return {.layers = info.layers};
  try {
    return place_last(device, settings, weights, info);
  } catch (const Error& error) {
    const bool is_its_limit = error.code() == ErrorCode::unsupported || error.code() == ErrorCode::resource_exhausted;
    if (settings.device != kAuto || settings.gpu_layers || !is_its_limit) throw;
    log_warn("the GPU is not used: {}", error.what());
    return {.layers = info.layers};
  }
}

std::vector<api::PlaceMemory> place_memory(const Placement& placement, uint64_t weight_bytes, uint64_t kv_bytes) {
  const auto layers = static_cast<uint64_t>(placement.layers);
  api::PlaceMemory cpu{.place = kCpu, .weights = weight_bytes, .kv = kv_bytes};
  std::vector<api::PlaceMemory> memory;
  for (const DevicePart& part : placement.devices) {
    const uint64_t kv = kv_bytes / layers * static_cast<uint64_t>(part.end - part.first);
    memory.push_back({.place = part.name, .weights = part.weight_bytes, .kv = kv});
    cpu.weights -= std::min(cpu.weights, part.weight_bytes);
    cpu.kv -= kv;
  }
  if (!placement.is_all_on_devices()) memory.push_back(std::move(cpu));
  return memory;
}

std::string placement_text(const Placement& placement) {
  if (!placement.has_device()) return fmt::format("all {} layers on the CPU", placement.layers);
  std::string text;
  for (const DevicePart& part : placement.devices) {
    text += fmt::format("{}{} of {} layers on {} ({}), {} of weights there and {} free beside them",
                        text.empty() ? "" : "; ", part.end - part.first, placement.layers, part.device->device().name,
                        part.name, format_bytes(part.weight_bytes), format_bytes(part.kv_bytes()));
  }
  return text;
}

}  // namespace estoc
