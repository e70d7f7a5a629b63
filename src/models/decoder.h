// A decoder made from its description: embedding, stacks of layers on their places, norm and head.
#pragma once

#include <optional>
#include <vector>

#include "layers/decoder_stack.h"
#include "layers/embedding.h"
#include "layers/linear.h"
#include "layers/norm.h"
#include "models/model.h"

namespace estoc {

class Decoder final : public Model {
 public:
  // `load.compute` is that of places called "cpu". Throws Error{corrupt_file, resource_exhausted, invalid_argument}.
  Decoder(LoadContext& load, const ModelInfo& info, const DecoderSpec& spec, const std::vector<StackPlace>& places);

  const ModelInfo& info() const override { return info_; }
  std::unique_ptr<ModelScratch> make_scratch(const RunLimits& limits) const override;
  void forward(const Batch& batch, StateStorage& kv, ModelScratch& scratch, const LogitRows& logits) const override;
  bool begin(const Batch& batch, StateStorage& kv, ModelScratch& scratch, const LogitRows& logits) const override;
  void finish(ModelScratch& scratch) const override;
  bool can_follow(const Batch& batch, const ModelScratch& scratch) const override;

 private:
  // Bias, scale and cap of a row of the head's output, where the model has them.
  void finish_logits(float* row) const;

  ModelInfo info_;
  const Compute compute_;  // of embedding and head
  const float logit_scale_, logit_softcap_;
  std::vector<std::unique_ptr<DecoderStack>> stacks_;
  // What the first and the last stack do not have themselves.
  std::optional<Embedding> embedding_;
  std::optional<Norm> norm_;
  std::optional<Linear> head_;
};

}  // namespace estoc
