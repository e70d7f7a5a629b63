#include "serving/placement.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/format_bytes.h"
#include "base/log.h"
#include "serving/model_plan.h"

namespace estoc {
namespace {

constexpr const char* kCpu = "cpu";
constexpr const char* kAuto = "auto";

// What a run has beside weights, keys and values (gpu_layers/gpu_buffers.cc), and as much again for what the driver and
// the kernels take.
uint64_t buffer_bytes_of(const ModelSettings& settings, const ModelInfo& info, const Placement& placement) {
  const auto rows = static_cast<uint64_t>(choose_batch_tokens(settings, placement) + 256);
  const auto hidden = static_cast<uint64_t>(info.hidden), ffn = static_cast<uint64_t>(info.ffn);
  const auto heads = static_cast<uint64_t>(info.heads + 2 * info.kv_heads) * static_cast<uint64_t>(info.head_dim);
  const uint64_t logits =
      static_cast<uint64_t>(choose_sequences(settings, placement)) * static_cast<uint64_t>(info.vocab) * 4;
  return 2 * (rows * (hidden * 8 + heads * 8 + ffn * 2) + logits) + (uint64_t{256} << 20);
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
      fail(ErrorCode::invalid_argument, "the device '{}' is not known, expected auto, cpu, cuda, cuda:N or emulator",
           asked);
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

uint64_t kv_bytes_of(const ModelSettings& settings, const ModelInfo& info, int layers) {
  const int context =
      settings.engine.context > 0 ? std::min(settings.engine.context, info.context_max) : info.context_max;
  const auto blocks = static_cast<uint64_t>((context + kKvBlockTokens - 1) / kKvBlockTokens);
  return blocks * info.state.position_block_bytes(KvType::bf16) * static_cast<uint64_t>(layers) /
         static_cast<uint64_t>(info.layers);
}

// The first layer from which on all fit; the number of layers when none does.
int first_that_fits(const ModelSettings& settings, const WeightSource& weights, const ModelInfo& info,
                    const Placement& placement) {
  for (int first = 0; first < info.layers; ++first) {
    const uint64_t need =
        device_weight_bytes(weights, first) + placement.buffer_bytes + kv_bytes_of(settings, info, info.layers - first);
    if (need <= placement.free_bytes) return first;
  }
  return info.layers;
}

// What a device does not promise.
void refuse_promises(const ModelSettings& settings) {
  if (settings.compute == ComputeMode::exact) {
    fail(ErrorCode::unsupported, "exact mode is computed on CPUs only, not on '{}'", settings.device);
  }
  if (settings.is_deterministic) {
    fail(ErrorCode::unsupported,
         "tokens that do not depend on what runs beside them are promised by CPUs only, not by '{}'", settings.device);
  }
}

Placement place_on(const std::shared_ptr<gpu::Accelerator>& device, const ModelSettings& settings,
                   const WeightSource& weights, const ModelInfo& info) {
  refuse_promises(settings);
  Placement placement{.device = device,
                      .device_name = settings.device == kAuto ? "cuda" : settings.device,
                      .layers = info.layers,
                      .free_bytes = free_bytes_of(*device)};
  placement.buffer_bytes = buffer_bytes_of(settings, info, placement);
  const int fits = first_that_fits(settings, weights, info, placement);
  placement.first_layer = settings.gpu_layers ? info.layers - std::min(*settings.gpu_layers, info.layers) : fits;
  if (placement.first_layer < fits) {
    fail(ErrorCode::resource_exhausted, "{} has {} free: {} of {} layers fit beside one context, not {}",
         device->device().name, format_bytes(placement.free_bytes), info.layers - fits, info.layers,
         info.layers - placement.first_layer);
  }
  if (placement.first_layer == info.layers) {
    if (settings.gpu_layers) return {.layers = info.layers};
    fail(ErrorCode::resource_exhausted, "{} has {} free: not one layer fits beside one context", device->device().name,
         format_bytes(placement.free_bytes));
  }
  placement.weight_bytes = device_weight_bytes(weights, placement.first_layer);
  return placement;
}

}  // namespace

uint64_t Placement::kv_bytes() const { return free_bytes - std::min(free_bytes, weight_bytes + buffer_bytes); }

Placement place_model(const ModelSettings& settings, const WeightSource& weights, const ModelInfo& info) {
  const std::shared_ptr<gpu::Accelerator> device = open_device(settings.device);
  if (device == nullptr) return {.layers = info.layers};
  try {
    return place_on(device, settings, weights, info);
  } catch (const Error& error) {
    const bool is_its_limit = error.code() == ErrorCode::unsupported || error.code() == ErrorCode::resource_exhausted;
    if (settings.device != kAuto || settings.gpu_layers || !is_its_limit) throw;
    log_warn("the GPU is not used: {}", error.what());
    return {.layers = info.layers};
  }
}

std::vector<StackPlace> stack_places(const Placement& placement) {
  if (placement.device == nullptr) return {};
  std::vector<StackPlace> places;
  if (placement.first_layer > 0) places.push_back({placement.first_layer});
  places.push_back({placement.layers, placement.device_name});
  return places;
}

std::string placement_text(const Placement& placement) {
  if (placement.device == nullptr) return fmt::format("all {} layers on the CPU", placement.layers);
  return fmt::format("{} of {} layers on {} ({}), {} of weights there and {} free beside them",
                     placement.layers - placement.first_layer, placement.layers, placement.device->device().name,
                     placement.device_name, format_bytes(placement.weight_bytes), format_bytes(placement.kv_bytes()));
}

}  // namespace estoc
