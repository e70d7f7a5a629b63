// A decoder made from its description: embedding, stacks of layers on their places, norm and head.
#pragma once

#include <optional>
#include <vector>

#include "layers/decoder_block.h"
#include "layers/decoder_stack.h"
#include "layers/embedding.h"
#include "models/model.h"

namespace estoc {

class Decoder final : public Model {
 public:
  // `load.compute` is that of places called "cpu". Throws Error{corrupt_file, resource_exhausted, invalid_argument}.
  Decoder(LoadContext& load, const ModelInfo& info, const DecoderSpec& spec, const std::vector<StackPlace>& places);

  const ModelInfo& info() const override { return info_; }
  std::unique_ptr<ModelScratch> make_scratch(int rows_max) const override;
  void forward(const Batch& batch, StateStorage& kv, ModelScratch& scratch, float* logits) const override;

 private:
  const ModelInfo info_;
  const Compute compute_;  // of embedding and head
  Embedding embedding_;
  std::vector<std::unique_ptr<DecoderStack>> stacks_;
  RmsNorm norm_;
  std::optional<Linear> head_;
};

}  // namespace estoc
