// A stack of layers on the CPU: today's blocks, one after the other. See layers/decoder_stack.h.
#pragma once

#include <optional>
#include <vector>

#include "layers/cpu_scratch.h"
#include "layers/decoder_block.h"
#include "layers/decoder_stack.h"
#include "layers/per_layer_inputs.h"
#include "layers/rope.h"

namespace estoc {

class CpuStack final : public DecoderStack {
 public:
  // Layers [first, end) of `decoder`, which keep what `layout` says. Throws Error{corrupt_file, resource_exhausted}.
  CpuStack(LoadContext& load, const DecoderSpec& decoder, const StateLayout& layout, const Compute& compute, int first,
           int end);

  int first_layer() const override { return first_; }
  int end_layer() const override { return first_ + static_cast<int>(layers_.size()); }
  std::unique_ptr<StackScratch> make_scratch(const RunLimits& limits) const override;
  void forward(const Batch& batch, StateStorage& kv, StackScratch& scratch, Rows& hidden, const SampledRows* wanted,
               const LogitRows& logits) const override;

 private:
  // What the layers need to know of a batch, or of its wanted rows.
  void prepare(const Batch& batch, CpuScratch& work) const;

  // Layers of attention that see the same part of the past, and what divides their work.
  struct Group {
    int index;
    PagedState state;
    int heads;
  };

  const Compute compute_;
  const int hidden_, first_, group_count_, input_width_;
  const bool is_causal_;
  std::vector<LayerSpec> layers_;
  std::vector<Group> groups_;  // those of these layers
  std::vector<Rope> ropes_;
  std::optional<PerLayerInputs> inputs_;
  std::vector<DecoderBlock> blocks_;
  size_t last_state_ = 0;  // of the blocks, the last that keeps something of the past; or the first
};

}  // namespace estoc
