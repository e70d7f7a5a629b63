#include "gpu_layers/gpu_stack.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "gpu_layers/gpu_run.h"

namespace estoc {
namespace {

// Of the states of layers that keep any, in the order of the plan's (GpuMixer::state).
std::vector<int> groups_of(const DecoderSpec& decoder, const StateLayout& layout, int first, int end) {
  std::vector<int> groups;
  for (int layer = first; layer < end; ++layer) {
    const LayerSpec& spec = decoder.layers[static_cast<size_t>(layer)];
    if (!std::holds_alternative<std::monostate>(spec.mixer)) groups.push_back(layout.group_of(layer));
    if (spec.second_mixer) groups.push_back(layout.group_of(second_state(decoder, layer)));
  }
  return groups;
}

// The decoder's, and one that turns nothing where a layer wants that (GpuLayer::rope).
std::vector<RopeSpec> ropes_of(const DecoderSpec& decoder, int first, int end) {
  std::vector<RopeSpec> ropes = decoder.ropes;
  for (int layer = first; layer < end; ++layer) {
    const auto* attention = std::get_if<AttentionSpec>(&decoder.layers[static_cast<size_t>(layer)].mixer);
    if (attention == nullptr || attention->rope != AttentionSpec::kNoRope) continue;
    ropes.emplace_back();
    break;
  }
  return ropes;
}

}  // namespace

GpuStack::GpuStack(LoadContext& load, const DecoderSpec& decoder, const StateLayout& layout,
                   std::shared_ptr<gpu::Accelerator> device, int first, int end)
    : device_(std::move(device)),
      first_(first),
      context_max_(decoder.context_max),
      is_invariant_(load.compute.is_deterministic),
      groups_(groups_of(decoder, layout, first, end)),
      ropes_(ropes_of(decoder, first, end)),
      weights_(load, *device_, decoder, first, end) {}

std::unique_ptr<StackScratch> GpuStack::make_scratch(const RunLimits& limits) const {
  if (limits.block_counts.empty()) {
    fail(ErrorCode::unsupported, "layers on a GPU keep their own keys and values: they cannot be run without any");
  }
  if (limits.kv_type != KvType::bf16 && limits.kv_type != KvType::int8) {
    fail(ErrorCode::unsupported, "keys and values on a GPU are bf16 or int8, not {}", kv_type_name(limits.kv_type));
  }
  const auto is_latent = [](const GpuMixer* mixer) { return mixer->latent() != nullptr; };
  if (limits.kv_type == KvType::int8 && std::ranges::any_of(weights_.plan().states(), is_latent)) {
    fail(ErrorCode::unsupported, "latents on a GPU are kept in bf16, not in int8");
  }
  device_->device().use();
  return std::make_unique<GpuRun>(*device_, weights_, ropes_, limits, groups_, context_max_, is_invariant_);
}

void GpuStack::forward(const Batch& batch, StateStorage&, StackScratch& scratch, Rows& hidden,
                       const SampledRows* wanted, const LogitRows& logits) const {
  static_cast<GpuRun&>(scratch).forward(batch, hidden, logits);
  if (wanted != nullptr && !has_head()) wanted->pick(hidden);
}

void GpuStack::finish(StackScratch& scratch) const { static_cast<GpuRun&>(scratch).finish(); }

bool GpuStack::can_follow(const Batch& batch, const StackScratch& scratch) const {
  return static_cast<const GpuRun&>(scratch).can_follow(batch);
}

}  // namespace estoc
