// An encoder made from its description: embedding, a stack of layers on the CPU, pooling and what follows it.
//
// A batch goes through the layers in passes of some hundred rows, so that what one layer leaves for the next stays in
// the caches; a text is never divided. Keys and values live for one layer of one pass, in the scratch.
#pragma once

#include <optional>
#include <vector>

#include "layers/cpu_stack.h"
#include "layers/encoder_spec.h"
#include "layers/norm.h"
#include "layers/text_embedding.h"
#include "layers/vector_steps.h"
#include "models/encoder.h"

namespace estoc {

class EncoderModel final : public Encoder {
 public:
  // Throws Error{corrupt_file, resource_exhausted}.
  EncoderModel(LoadContext& load, EncoderInfo info, const EncoderSpec& spec);

  const EncoderInfo& info() const override { return info_; }
  std::unique_ptr<EncoderScratch> make_scratch(int tokens_max, int texts_max) const override;
  void encode(const EncoderBatch& batch, EncoderScratch& scratch, std::span<float> results) const override;

 private:
  struct Scratch;

  // One pass: texts whose rows fit. Its vectors go to rows of `pooled` from `first_text` on.
  void run(const EncoderBatch& batch, Scratch& scratch, int64_t first_text) const;
  Rows& finish(Scratch& scratch) const;

  EncoderInfo info_;
  const Compute compute_;
  const StateLayout layout_;
  const KvType kv_type_;
  const std::vector<Pooling> pooling_;
  TextEmbedding embedding_;
  CpuStack stack_;
  std::optional<Norm> norm_;
  std::vector<VectorStep> steps_;
  int64_t widest_ = 0;  // vector of all steps
  const bool is_normalized_;
};

}  // namespace estoc
