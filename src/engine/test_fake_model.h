// A model for tests: its logits are a hash of the tokens it finds in the KV storage, so that a wrong position, block or
// order changes the output; and the same tokens computed one request at a time, without an engine.
#pragma once

#include <algorithm>
#include <functional>

#include "base/check.h"
#include "engine/sequence.h"
#include "kv/block_pool.h"
#include "models/model.h"
#include "sampling/counter_rng.h"
#include "sampling/logprobs.h"
#include "sampling/sampler.h"

namespace estoc {

inline void fake_logits(std::span<const TokenId> history, std::span<float> logits) {
  uint64_t hash = 17;
  for (const TokenId token : history) hash = mix_bits(hash * 31 + static_cast<uint64_t>(token) + 1);
  for (size_t i = 0; i < logits.size(); ++i) {
    logits[i] = static_cast<float>(random_bits(hash, i) >> 40) * 0x1p-24f * 6;
  }
}

class FakeModel : public Model {
 public:
  // With a window, a second layer sees the last `window` positions only; with states, a last one keeps a hash of all
  // tokens and how many they were.
  explicit FakeModel(int vocab, int rows_max, int window = 0, bool has_state = false)
      : rows_max_(rows_max), window_(window) {
    info_.vocab = vocab;
    std::vector<StateSpec> states = {PagedState{1, 2}};
    if (window > 0) states.push_back(PagedState{1, 2, window});
    if (has_state) states.push_back(FixedState{sizeof(History)});
    info_.state = StateLayout(std::move(states));
    info_.layers = info_.state.layer_count();
    info_.parameter_count = 5'000'000;  // so that a row is guessed to take 0.1 ms
  }

  const ModelInfo& info() const override { return info_; }

  std::unique_ptr<ModelScratch> make_scratch(const RunLimits&) const override {
    return std::make_unique<ModelScratch>();
  }

  void forward(const Batch& batch, StateStorage& kv, ModelScratch&, const LogitRows& rows) const override {
    float* const logits = rows.values;
    if (before_forward) before_forward(batch);
    check(batch, kv);
    for (const BatchSequence& sequence : batch.sequences) {
      for (int layer = 0; layer < info_.layers; ++layer) keep(batch, kv, layer, sequence);
    }
    const auto vocab = static_cast<size_t>(info_.vocab);
    size_t next = 0;
    std::vector<TokenId> history;
    for (const BatchSequence& sequence : batch.sequences) {
      for (; next < batch.logit_rows.size(); ++next) {
        const int i = batch.logit_rows[next] - sequence.first_row;
        if (i >= sequence.row_count) break;
        history.clear();
        for (int p = 0; p <= sequence.position + i; ++p) {
          history.push_back(static_cast<TokenId>(at(kv, 0, sequence, p)));
        }
        check_window(kv, sequence, history);
        if (i + 1 == sequence.row_count) check_state(kv, sequence, history);
        fake_logits(history, {logits + next * vocab, vocab});
      }
    }
    ESTOC_CHECK(next == batch.logit_rows.size());
    row_count += batch.tokens.size();
  }

  std::function<void(const Batch&)> before_forward;  // may wait or throw
  mutable uint64_t row_count = 0;

 private:
  struct History {
    uint64_t hash = 17;
    int64_t count = 0;
    void add(TokenId token) { hash = mix_bits(hash * 31 + static_cast<uint64_t>(token) + 1), ++count; }
    bool operator==(const History&) const = default;
  };

  static History& history_at(const StateStorage& kv, int layer, const BatchSequence& sequence) {
    const BlockId block = sequence.table(kv.layout().group_of(layer)).front();
    return *reinterpret_cast<History*>(kv.fixed(layer, block));
  }

  static void keep(const Batch& batch, const StateStorage& kv, int layer, const BatchSequence& sequence) {
    const auto tokens =
        batch.tokens.subspan(static_cast<size_t>(sequence.first_row), static_cast<size_t>(sequence.row_count));
    if (kv.layout().fixed(layer) != nullptr) {
      History& history = history_at(kv, layer, sequence);
      if (sequence.position == 0) history = {};
      ESTOC_CHECK(history.count == sequence.position);
      for (const TokenId token : tokens) history.add(token);
      return;
    }
    for (int i = 0; i < sequence.row_count; ++i) {
      at(kv, layer, sequence, sequence.position + i) = static_cast<float>(tokens[static_cast<size_t>(i)]);
    }
  }

  static float& at(const StateStorage& kv, int layer, const BatchSequence& sequence, int position) {
    const BlockId block = sequence.table(layer)[static_cast<size_t>(position / kKvBlockTokens)];
    return reinterpret_cast<float*>(kv.keys(layer, block, 0))[position % kKvBlockTokens * 2];
  }

  void check_window(const StateStorage& kv, const BatchSequence& sequence, const std::vector<TokenId>& history) const {
    if (window_ == 0) return;
    const auto visible = static_cast<int>(history.size());
    for (int p = std::max(0, visible - window_); p < visible; ++p) {
      ESTOC_CHECK(static_cast<TokenId>(at(kv, 1, sequence, p)) == history[static_cast<size_t>(p)]);
    }
  }

  void check_state(const StateStorage& kv, const BatchSequence& sequence, const std::vector<TokenId>& history) const {
    const int last = info_.layers - 1;
    if (info_.state.fixed(last) == nullptr) return;
    History expected;
    for (const TokenId token : history) expected.add(token);
    ESTOC_CHECK(history_at(kv, last, sequence) == expected);
  }

  void check(const Batch& batch, const StateStorage& kv) const {
    ESTOC_CHECK(kv.type() == KvType::f32);
    ESTOC_CHECK(static_cast<int>(batch.tokens.size()) <= rows_max_);
    int row = 0;
    for (const BatchSequence& sequence : batch.sequences) {
      ESTOC_CHECK(sequence.first_row == row && sequence.row_count > 0);
      ESTOC_CHECK(sequence.table_stride == blocks_for(sequence.position + sequence.row_count));
      ESTOC_CHECK(static_cast<int>(sequence.blocks.size()) == info_.layers * sequence.table_stride);
      row += sequence.row_count;
    }
    ESTOC_CHECK(row == static_cast<int>(batch.tokens.size()));
  }

  ModelInfo info_;
  int rows_max_;
  int window_;
};

struct Completion {
  std::vector<TokenId> tokens;
  FinishReason finish = FinishReason::error;
  bool operator==(const Completion&) const = default;
};

// What the request must yield: the whole history in, one token out, until the rules of Request end it.
inline Completion complete_alone(const Request& request, int vocab, int positions_max) {
  Sampler sampler;
  SamplerState state(request.sampling, request.sampling.seed.value_or(0), request.prompt);
  std::vector<TokenId> history = request.prompt.copy();
  std::vector<float> logits(static_cast<size_t>(vocab));
  Completion completion;
  const auto contains = [](std::span<const TokenId> set, TokenId token) {
    return std::find(set.begin(), set.end(), token) != set.end();
  };
  const auto ends = [&](TokenId token) {
    return contains(request.stop_tokens, token) || (!request.ignore_end && contains(request.end_tokens, token));
  };
  const auto place = Sequence::start_constraint(request);
  for (;;) {
    if (static_cast<int>(completion.tokens.size()) == request.tokens_max ||
        static_cast<int>(history.size()) == positions_max) {
      completion.finish = FinishReason::length;
      return completion;
    }
    fake_logits(history, logits);
    TokenMask mask;
    mask.reset(static_cast<size_t>(vocab));
    if (place != nullptr) place->restrict(mask, {});
    const TokenMask whole = mask;
    const bool is_early = static_cast<int>(completion.tokens.size()) < request.tokens_min;
    for (TokenId token = 0; token < vocab; ++token) {
      const bool is_late_end = place != nullptr && request.ignore_end && contains(request.end_tokens, token);
      if (is_late_end || (is_early && (ends(token) || is_late_end))) mask.forbid(token);
    }
    if (place != nullptr && mask.count() == 0) mask = whole;
    const TokenId token = *sampler.sample(state, logits, &mask);
    state.accept(token);
    if (place != nullptr) ESTOC_CHECK(place->accept(token));
    history.push_back(token);
    completion.tokens.push_back(token);
    if (ends(token) || (place != nullptr && place->has_ended())) {
      completion.finish = FinishReason::stop;
      return completion;
    }
  }
}

}  // namespace estoc
