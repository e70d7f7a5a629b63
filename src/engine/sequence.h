// One token stream being grown for a request.
//
// There is no phase: `tokens` are known (the prompt, then what was chosen), the first `computed` of them have their
// keys and values in the cache, and a step brings `computed` closer to known(). The logits of the last known token
// choose the next one; where a constraint leaves no choice, several become known at once. Ownership: the scheduler owns
// sequences; the blocks of `kv` belong to its manager. Threads: the engine thread, after submit has built it.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/clock.h"
#include "engine/event.h"
#include "engine/request.h"
#include "kv/sequence_kv.h"
#include "sampling/sampler.h"

namespace estoc {

class Sequence {
 public:
  // `request` passed validate(). `seed` counts when the request has none. `place` is start_constraint's.
  Sequence(RequestId id, Request request, EventSink sink, uint64_t seed,
           std::unique_ptr<ConstraintPlace> place = nullptr);
  Sequence(const Sequence&) = delete;
  // Where a request's constraint begins; null without one. May wait for others who use the constraint. Any thread.
  static std::unique_ptr<ConstraintPlace> start_constraint(const Request& request);

  int known() const { return static_cast<int>(tokens.size()); }
  int remaining() const { return known() - computed; }
  // Behind by the token chosen last and those that were forced behind it: its step chooses a token and somebody waits
  // for that. Else it reads: its prompt, or what a preemption made it forget.
  bool is_decoding() const { return remaining() <= 1 + forced_behind; }
  bool is_reading() const { return !is_decoding(); }
  int output_count() const { return known() - prompt_count; }

  // Whether somebody needs the logits of the token at `position`: it is the last known one or a draft, or its successor
  // is a prompt token whose log-probability was asked for and is not there yet.
  bool wants_logits(int position) const;
  // How many of the next `count` positions want logits.
  int logit_rows(int count) const;

  // What may be chosen when so many of the drafts have come first, or null for all: no end and stop tokens before
  // tokens_min, and what the constraint allows. Valid until the next append.
  const MaskSource* mask(int ahead) const;
  bool is_constrained() const { return mask_.place != nullptr; }
  // The token that comes next whatever the model says; none when its log-probability is wanted, which the model has to
  // be asked for.
  std::optional<TokenId> forced_token() const;
  // Why the constraint cannot go on; empty while it can.
  std::string_view constraint_failure() const;
  // Of the known tokens, then of the drafts.
  TokenId token_at(int position) const {
    return position < known() ? tokens[static_cast<size_t>(position)] : drafts[static_cast<size_t>(position - known())];
  }
  // Adds a chosen token; says whether and why it was the last.
  std::optional<FinishReason> append(TokenId token, int positions_max);

  // Sampling a token takes no prompt logits but the last: a cached prefix need not be computed.
  bool may_use_cache() const { return request.prompt_logprobs < 0; }
  std::optional<Clock::time_point> deadline() const;

  RequestTimes times(Clock::time_point now) const;

  const RequestId id;
  Request request;  // its prompt has moved into tokens
  const EventSink sink;
  const int prompt_count;

  std::vector<TokenId> tokens;
  std::vector<TokenId> drafts;  // guesses at what follows, for one step; nothing of them is known
  int computed = 0;
  int forced_behind = 0;  // tokens at the end that were forced and not computed yet
  SequenceKv kv;
  SamplerState sampling;
  std::vector<Logprobs> prompt_logprobs;  // of tokens 1, 2, ... of the prompt, until they are delivered
  int prompt_logprob_count = 0;           // how many there have been: a preempted sequence does not do them again

  int cached_count = 0;  // prompt tokens that were found in the cache when it was first admitted

  Clock::time_point submitted_at;
  std::optional<Clock::time_point> started_at, first_token_at, last_token_at;
  double gap_max_s = 0;
  int preemption_count = 0;

  // For the order among those who wait: see WaitingQueue.
  Clock::time_point due_at;

 private:
  // What the constraint allows, without the tokens that would end the answer too early unless it leaves nothing else.
  struct Mask final : MaskSource {
    void restrict(TokenMask& mask, std::span<const TokenId> ahead) const override;

    const Sequence* sequence = nullptr;
    std::unique_ptr<ConstraintPlace> place;
    std::vector<TokenId> last_tokens;  // end tokens (unless ignored) and stop tokens, sorted
    bool is_broken = false;            // the place has refused a token
  };
  bool is_last(TokenId token) const;

  Mask mask_;
};

}  // namespace estoc
