#include "layers/cpu_stack.h"

#include <algorithm>

#include "ops/profile.h"

namespace estoc {

namespace {

bool has_inputs(const DecoderSpec& decoder, int first, int end) {
  return std::any_of(decoder.layers.begin() + first, decoder.layers.begin() + end,
                     [](const LayerSpec& layer) { return layer.input.has_value(); });
}

}  // namespace

CpuStack::CpuStack(LoadContext& load, const DecoderSpec& decoder, const StateLayout& layout, const Compute& compute,
                   int first, int end)
    : compute_(compute),
      hidden_(decoder.hidden),
      first_(first),
      group_count_(layout.group_count()),
      input_width_(has_inputs(decoder, first, end) ? decoder.per_layer_input->width : 0),
      is_causal_(decoder.is_causal),
      layers_(decoder.layers.begin() + first, decoder.layers.begin() + end) {
  for (const RopeSpec& rope : decoder.ropes) ropes_.emplace_back(rope);
  if (input_width_ > 0) inputs_.emplace(load, decoder, first, end);
  blocks_.reserve(layers_.size());
  for (int layer = first; layer < end; ++layer) {
    const LayerSpec& spec = decoder.layers[static_cast<size_t>(layer)];
    const auto* attention = std::get_if<AttentionSpec>(&spec.mixer);
    const auto* latent = std::get_if<LatentAttentionSpec>(&spec.mixer);
    const int heads = attention != nullptr ? attention->heads : latent != nullptr ? latent->heads : 0;
    const int state_layer = attention == nullptr ? layer : attention->state_layer(layer);
    const int group = layout.group_of(state_layer);
    if (heads > 0 && std::ranges::find(groups_, group, &Group::index) == groups_.end()) {
      groups_.push_back({group, *layout.paged(state_layer), heads});
    }
    if (state_layer == layer && group >= 0) last_state_ = blocks_.size();
    blocks_.emplace_back(load, decoder, layout, first, layer);
  }
}

std::unique_ptr<StackScratch> CpuStack::make_scratch(const RunLimits& limits) const {
  return std::make_unique<CpuScratch>(layers_, hidden_, static_cast<int>(ropes_.size()), group_count_, input_width_,
                                      limits.rows_max, compute_.team.thread_count());
}

void CpuStack::prepare(const Batch& batch, CpuScratch& work) const {
  for (size_t rope = 0; rope < ropes_.size(); ++rope) ropes_[rope].angles(batch, work.angles[rope]);
  for (const Group& group : groups_) {
    work.plans[static_cast<size_t>(group.index)].prepare(batch, group.state, group.heads, group.state.window,
                                                         compute_.team.thread_count(), group.index, is_causal_);
  }
}

void CpuStack::forward(const Batch& batch, StateStorage& kv, StackScratch& scratch, Rows& hidden,
                       const SampledRows* wanted, const LogitRows&) const {
  auto& work = static_cast<CpuScratch&>(scratch);
  prepare(batch, work);
  if (inputs_) inputs_->forward(compute_, batch, work.decoded, work.inputs->embedded, work.inputs->all);
  for (size_t i = 0; i < blocks_.size(); ++i) {
    if (compute_.profile != nullptr) compute_.profile->layer = first_ + static_cast<int>(i);
    // Behind the last block that keeps something, nothing but the wanted rows is ever looked at.
    const bool are_picked = wanted != nullptr && i > last_state_;
    blocks_[i].forward(compute_, are_picked ? wanted->batch() : batch, kv, work, hidden,
                       i == last_state_ ? wanted : nullptr);
    if (wanted != nullptr && i == last_state_ && i + 1 < blocks_.size()) prepare(wanted->batch(), work);
  }
  if (compute_.profile != nullptr) compute_.profile->layer = Profile::kOutside;
}

}  // namespace estoc
