// A FakeModel as on a device: batches are begun, computed no earlier than they are waited for, and their tokens chosen
// there, so that a batch can be begun whose tokens the one before has still to choose.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "engine/test_fake_model.h"

namespace estoc {

class FollowingModel : public FakeModel {
 public:
  using FakeModel::FakeModel;

  bool begin(const Batch& batch, StateStorage& kv, ModelScratch&, const LogitRows& logits) const override {
    if (!is_device) return false;
    ESTOC_CHECK(begun_.size() == (batch.chosen_rows.empty() ? 0 : 1));
    begun_.emplace_back(batch, kv, logits);
    happened.push_back(batch.chosen_rows.empty() ? "begin" : "follow");
    return true;
  }
  bool can_follow(const Batch& batch, const ModelScratch&) const override {
    return follows && batch.sequences.size() == batch.tokens.size();
  }
  void finish(ModelScratch& scratch) const override {
    happened.push_back("finish");
    Begun step = std::move(begun_.front());
    begun_.pop_front();
    const std::vector<TokenId> chosen = std::exchange(chosen_, {});
    for (size_t i = 0; i < step.chosen_rows.size(); ++i) {
      step.tokens[i] = chosen.at(static_cast<size_t>(step.chosen_rows[i]));
    }
    for (size_t i = 0; i < step.sequences.size(); ++i) step.sequences[i].blocks = step.blocks[i];
    forward({step.tokens, step.sequences, step.logit_rows}, *step.kv, scratch, {step.logits.values});
    const auto vocab = static_cast<size_t>(info().vocab);
    for (size_t i = 0; i < step.logits.choices.size(); ++i) {
      RowChoice& choice = step.logits.choices[i];
      if (choice.draw) choice.token = choose(*choice.draw, {step.logits.values + i * vocab, vocab});
      chosen_.push_back(choice.token.value_or(0));
    }
  }

  bool is_device = true, follows = true;
  mutable std::vector<std::string> happened;

 private:
  // All of a batch that the caller may forget.
  struct Begun {
    Begun(const Batch& batch, StateStorage& kv, const LogitRows& logits)
        : tokens(batch.tokens.begin(), batch.tokens.end()),
          sequences(batch.sequences.begin(), batch.sequences.end()),
          logit_rows(batch.logit_rows.begin(), batch.logit_rows.end()),
          chosen_rows(batch.chosen_rows.begin(), batch.chosen_rows.end()),
          kv(&kv),
          logits(logits) {
      for (const BatchSequence& sequence : sequences) {
        blocks.emplace_back(sequence.blocks.begin(), sequence.blocks.end());
      }
    }
    std::vector<TokenId> tokens;
    std::vector<BatchSequence> sequences;
    std::vector<std::vector<BlockId>> blocks;
    std::vector<int32_t> logit_rows, chosen_rows;
    StateStorage* kv;
    LogitRows logits;
  };

  static std::optional<TokenId> choose(const RowDraw& draw, std::span<const float> row) {
    SamplingParams params;
    params.temperature = draw.temperature;
    params.top_k = draw.top_k;
    params.top_p = draw.top_p;
    params.min_p = draw.min_p;
    const std::vector<TokenId> before(draw.position);  // of which only their number counts
    Sampler sampler;
    return sampler.sample(SamplerState(params, draw.seed, {}), row, nullptr, before);
  }

  mutable std::deque<Begun> begun_;
  mutable std::vector<TokenId> chosen_;  // by the batch finished last
};

}  // namespace estoc
