#include "layers/cpu_stack.h"

#include <algorithm>

#include "ops/profile.h"

namespace estoc {

CpuStack::CpuStack(LoadContext& load, const DecoderSpec& decoder, const StateLayout& layout, const Compute& compute,
                   int first, int end)
    : compute_(compute),
      hidden_(decoder.hidden),
      first_(first),
      group_count_(layout.group_count()),
      layers_(decoder.layers.begin() + first, decoder.layers.begin() + end) {
  for (const RopeSpec& rope : decoder.ropes) ropes_.emplace_back(rope);
  blocks_.reserve(layers_.size());
  for (int layer = first; layer < end; ++layer) {
    const LayerSpec& spec = decoder.layers[static_cast<size_t>(layer)];
    const int group = layout.group_of(layer);
    const auto* attention = std::get_if<AttentionSpec>(&spec.mixer);
    if (attention != nullptr && std::ranges::find(groups_, group, &Group::index) == groups_.end()) {
      groups_.push_back({group, *layout.paged(layer), attention->heads});
    }
    blocks_.emplace_back(load, decoder, layer, group);
  }
}

std::unique_ptr<StackScratch> CpuStack::make_scratch(const RunLimits& limits) const {
  return std::make_unique<CpuScratch>(layers_, hidden_, static_cast<int>(ropes_.size()), group_count_, limits.rows_max,
                                      compute_.team.thread_count());
}

void CpuStack::forward(const Batch& batch, StateStorage& kv, StackScratch& scratch, Rows& hidden,
                       const SampledRows* wanted, const LogitRows&) const {
  auto& work = static_cast<CpuScratch&>(scratch);
  for (size_t rope = 0; rope < ropes_.size(); ++rope) {
    ropes_[rope].angles(batch, work.angles[rope]);
  }
  for (const Group& group : groups_) {
    work.plans[static_cast<size_t>(group.index)].prepare(batch, group.state, group.heads, group.state.window,
                                                         compute_.team.thread_count(), group.index);
  }
  for (const DecoderBlock& block : blocks_) {
    if (compute_.profile != nullptr) compute_.profile->layer = first_ + static_cast<int>(&block - blocks_.data());
    block.forward(compute_, batch, kv, work, hidden, &block == &blocks_.back() ? wanted : nullptr);
  }
  if (compute_.profile != nullptr) compute_.profile->layer = Profile::kOutside;
}

}  // namespace estoc
