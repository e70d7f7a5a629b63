// A stack of layers on a GPU. See layers/decoder_stack.h; what it cannot compute yet it refuses when it is made.
#pragma once

#include <memory>
#include <vector>

#include "gpu_layers/gpu_weights.h"
#include "layers/decoder_stack.h"

namespace estoc {

class GpuStack final : public DecoderStack {
 public:
  // Layers [first, end) of `decoder`, which keep what `layout` says, with its embedding and head where they reach them.
  // Throws as GpuWeights does.
  GpuStack(LoadContext& load, const DecoderSpec& decoder, const StateLayout& layout,
           std::shared_ptr<gpu::Accelerator> device, int first, int end);

  int first_layer() const override { return first_; }
  int end_layer() const override { return first_ + static_cast<int>(weights_.plan().layers.size()); }
  bool has_embedding() const override { return weights_.plan().embedding.has_value(); }
  bool has_head() const override { return weights_.plan().head.has_value(); }
  bool is_in_main_memory() const override { return false; }
  std::unique_ptr<StackScratch> make_scratch(const RunLimits& limits) const override;
  void forward(const Batch& batch, StateStorage& kv, StackScratch& scratch, Rows& hidden, const SampledRows* wanted,
               const LogitRows& logits) const override;
  void finish(StackScratch& scratch) const override;
  bool can_follow(const Batch& batch, const StackScratch& scratch) const override;

 private:
  const std::shared_ptr<gpu::Accelerator> device_;
  const int first_, context_max_;
  const bool is_invariant_;
  const std::vector<int> groups_;  // of the plan's states
  const std::vector<RopeSpec> ropes_;
  const GpuWeights weights_;
};

}  // namespace estoc
