#include "engine/sequence.h"

#include <algorithm>
#include <utility>

namespace estoc {

Sequence::Sequence(RequestId id, Request asked, EventSink sink, uint64_t seed)
    : id(id),
      request(std::move(asked)),
      sink(std::move(sink)),
      prompt_count(static_cast<int>(request.prompt.size())),
      tokens(std::exchange(request.prompt, {}).copy()),
      sampling(request.sampling, request.sampling.seed.value_or(seed), tokens),
      submitted_at(Clock::now()) {
  std::vector<TokenId>& last = last_tokens_.tokens;
  last = request.stop_tokens.copy();
  if (!request.ignore_end) last.insert(last.end(), request.end_tokens.begin(), request.end_tokens.end());
  std::ranges::sort(last);
}

bool Sequence::wants_logits(int position) const {
  if (position >= known() - 1) return true;
  return request.prompt_logprobs >= 0 && position + 1 < prompt_count && position >= prompt_logprob_count;
}

int Sequence::logit_rows(int count) const {
  const int end = computed + count;
  int rows = end == known() ? 1 : 0;
  if (request.prompt_logprobs >= 0) {
    const int first = std::max(computed, prompt_logprob_count);
    rows += std::max(0, std::min(end, prompt_count - 1) - first);
  }
  return rows;
}

const MaskSource* Sequence::mask(int ahead) const {
  return output_count() + ahead >= request.tokens_min || last_tokens_.tokens.empty() ? nullptr : &last_tokens_;
}

bool Sequence::is_last(TokenId token) const { return std::ranges::binary_search(last_tokens_.tokens, token); }

std::optional<FinishReason> Sequence::append(TokenId token, int positions_max) {
  tokens.push_back(token);
  sampling.accept(token);
  if (is_last(token)) return FinishReason::stop;
  if (output_count() >= request.tokens_max || known() >= positions_max) return FinishReason::length;
  return std::nullopt;
}

std::optional<Clock::time_point> Sequence::deadline() const {
  if (request.timeout.count() == 0) return std::nullopt;
  return submitted_at + request.timeout;
}

RequestTimes Sequence::times(Clock::time_point now) const {
  RequestTimes times;
  times.queue_s = seconds_between(submitted_at, started_at.value_or(now));
  if (started_at) times.prefill_s = seconds_between(*started_at, first_token_at.value_or(now));
  if (first_token_at && last_token_at) times.decode_s = seconds_between(*first_token_at, *last_token_at);
  times.gap_max_s = gap_max_s;
  times.preemptions = preemption_count;
  return times;
}

}  // namespace estoc
