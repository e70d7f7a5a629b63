#include "engine/sequence.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace estoc {

Sequence::Sequence(RequestId id, Request asked, EventSink sink, uint64_t seed, std::unique_ptr<ConstraintPlace> place)
    : id(id),
      request(std::move(asked)),
      sink(std::move(sink)),
      prompt_count(static_cast<int>(request.prompt.size())),
      tokens(std::exchange(request.prompt, {}).copy()),
      sampling(request.sampling, request.sampling.seed.value_or(seed), tokens),
      submitted_at(Clock::now()) {
  ESTOC_CHECK((place != nullptr) == (request.constraint != nullptr));
  mask_.sequence = this;
  mask_.place = std::move(place);
  std::vector<TokenId>& last = mask_.last_tokens;
  last = request.stop_tokens.copy();
  if (!request.ignore_end) last.insert(last.end(), request.end_tokens.begin(), request.end_tokens.end());
  std::ranges::sort(last);
}

std::unique_ptr<ConstraintPlace> Sequence::start_constraint(const Request& request) {
  if (request.constraint == nullptr) return nullptr;
  return request.constraint->start(request.end_tokens, request.stop_tokens);
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
  const bool may_be_last = output_count() + ahead >= request.tokens_min || mask_.last_tokens.empty();
  return may_be_last && !is_constrained() ? nullptr : &mask_;
}

void Sequence::Mask::restrict(TokenMask& mask, std::span<const TokenId> ahead) const {
  const Request& request = sequence->request;
  const bool is_early = sequence->output_count() + static_cast<int>(ahead.size()) < request.tokens_min;
  if (place == nullptr) {
    if (!is_early) return;
    for (const TokenId token : last_tokens) mask.forbid(token);
    return;
  }
  place->restrict(mask, ahead);
  if (!is_early && !request.ignore_end) return;
  for (const TokenId token : request.end_tokens) mask.forbid(token);
  if (is_early) {
    for (const TokenId token : request.stop_tokens) mask.forbid(token);
  }
  if (mask.count() > 0) return;
  mask.reset(mask.vocab());
  place->restrict(mask, ahead);
}

std::optional<TokenId> Sequence::forced_token() const {
  if (!is_constrained() || request.sampling.logprobs >= 0) return std::nullopt;
  const auto forced = mask_.place->forced();
  return forced.empty() ? std::nullopt : std::optional(forced.front());
}

std::string_view Sequence::constraint_failure() const {
  if (!is_constrained()) return {};
  if (mask_.is_broken) return "the answer's constraint took a token for possible and then refused it";
  return mask_.place->failure();
}

bool Sequence::is_last(TokenId token) const {
  return std::ranges::binary_search(mask_.last_tokens, token) || (is_constrained() && mask_.place->has_ended());
}

std::optional<FinishReason> Sequence::append(TokenId token, int positions_max) {
  tokens.push_back(token);
  sampling.accept(token);
  if (is_constrained() && !mask_.place->accept(token)) mask_.is_broken = true;
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
