// How one request wants its tokens chosen. Plain data; defaults are OpenAI's.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/shared_list.h"

namespace estoc {

struct SamplingParams {
  float temperature = 1.0f;  // 0 is greedy
  int top_k = 0;             // 0 keeps all
  float top_p = 1.0f;
  float min_p = 0.0f;
  float repetition_penalty = 1.0f;  // over prompt and output: logit /= p when positive, *= p when negative
  float presence_penalty = 0.0f;    // over output tokens: logit -= p once
  float frequency_penalty = 0.0f;   // over output tokens: logit -= p per occurrence
  std::optional<uint64_t> seed;     // absent: drawn when the request is admitted
  SharedList<std::pair<TokenId, float>> logit_bias;  // limits::kLogitBiasMax at most: walked for every token
  int logprobs = -1;  // -1 none; 0 the chosen token's only; n also the n likeliest (at most 20)
};

// Throws Error{invalid_argument} whose param() is the field's name when a value is not finite or out of range:
// temperature >= 0, top_k >= 0, top_p and min_p in [0, 1], repetition_penalty > 0, the other penalties in [-2, 2],
// logit_bias of tokens below `vocab` in [-100, 100], logprobs in [-1, 20].
void validate(const SamplingParams& params, int vocab);

// Below this temperature the likeliest token is taken: 1 / temperature would leave the range of float soon after.
inline constexpr float kGreedyBelow = 1e-5f;

// Whether nothing is done to logits before a token is drawn from them: no penalty, no bias.
bool takes_logits_as_they_are(const SamplingParams& params);

// Defaults that came with the model (generation_config.json); absent where it says nothing.
struct GenerationDefaults {
  std::optional<float> temperature, top_p, min_p, repetition_penalty;
  std::optional<int> top_k;
  std::vector<TokenId> end_tokens;  // union of every end id the files name
};

}  // namespace estoc
