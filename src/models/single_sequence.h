// One sequence through a model without an engine: for tools that look at what a model predicts.
//
// What: room for one sequence's past and one chunk of its logits. Ownership: owns both; the model must outlive it.
// Threads: one, which runs the model. Errors: Error{resource_exhausted} when made; forward throws what the model does.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "models/model.h"

namespace estoc {

class SingleSequence {
 public:
  // Of up to `positions` tokens, `rows_max` of them at a time.
  SingleSequence(const Model& model, KvType kv_type, int positions, int rows_max);

  // Another sequence begins.
  void restart() { position_ = 0; }
  int position() const { return position_; }
  int rows_max() const { return rows_max_; }
  ModelScratch& scratch() { return *scratch_; }

  // Computes the sequence's next tokens, at most rows_max. Returns logits [wanted][vocab] of those of them that `wanted`
  // names, the first being 0; they stay until the next call.
  std::span<const float> forward(std::span<const TokenId> tokens, std::span<const int32_t> wanted);
  // Of all of them.
  std::span<const float> forward(std::span<const TokenId> tokens);

 private:
  SingleSequence(const Model& model, const RunLimits& limits, int blocks);

  const Model& model_;
  const int rows_max_;
  std::vector<BlockId> blocks_;
  StateStorage state_;
  std::unique_ptr<ModelScratch> scratch_;
  std::vector<float> logits_;
  std::vector<int32_t> all_rows_;
  int position_ = 0;
};

}  // namespace estoc
