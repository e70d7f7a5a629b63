#include "engine/scheduler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <tuple>

#include "base/check.h"

namespace estoc {
namespace {

constexpr int kChunkMin = 16;        // tokens of a prompt that every step may take, whatever the time
constexpr int kForcedMax = 32;       // tokens of one sequence that count as one decode: others wait for them
constexpr int kPatience = 3;         // a request is due this many times its prompt's work after it came
constexpr int kSharedBlocksMin = 2;  // a shorter common beginning is not worth waiting for

// A step may take this much longer if that saves another one: one of its own costs the last few tokens of a prompt a
// walk through all weights.
constexpr double kIdleRestMargin = 1.3;
constexpr double kRestMargin = 1.15;

auto rank(const Sequence& sequence) { return std::tuple(sequence.request.priority, sequence.id); }

Clock::duration to_duration(double seconds) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

Scheduler::Scheduler(KvManager& kv, const StepTimeModel& times, const SchedulerLimits& limits)
    : kv_(kv), times_(times), limits_(limits), waiting_(clients_) {
  ESTOC_CHECK(limits.logit_rows_max >= std::min(limits.sequences_max, limits.batch_tokens_max));
  running_.reserve(static_cast<size_t>(limits.sequences_max));
  begun_.reserve(static_cast<size_t>(limits.sequences_max));
  plan_.reserve(static_cast<size_t>(limits.sequences_max));
}

Scheduler::~Scheduler() {
  for_each([this](Sequence& sequence) { kv_.release(sequence.kv); });
}

const Plan& Scheduler::plan(Clock::time_point now) {
  plan_.clear();
  swapped_.clear();
  work_ = {};
  has_prompt_ = has_preempted_ = false;
  budget_s_ = limits_.idle_step_s;
  rest_budget_s_ = kIdleRestMargin * budget_s_;
  if (limits_.policy == SchedulePolicy::prefill_first) {
    plan_prefill_first(now);
  } else {
    plan_decodes();
    if (!plan_.empty()) set_decode_budget(now);
    plan_prompts(now);
  }
  plan_something();
  ESTOC_CHECK(!plan_.empty() || is_idle());
  return plan_;
}

void Scheduler::plan_decodes() {
  for (size_t i = 0; i < running_.size(); ++i) {  // make_room may shorten the list behind i
    Sequence& sequence = *running_[i];
    if (!sequence.is_decoding() || work_.rows >= limits_.batch_tokens_max) continue;
    const int room = std::min(kForcedMax, limits_.batch_tokens_max - work_.rows);
    const int tokens = to_state(sequence, std::min(sequence.remaining(), room));
    if (work_.logit_rows + sequence.logit_rows(tokens) > limits_.logit_rows_max) continue;
    // Guesses take what is free; for them nobody has to go.
    const int drafts = drafts_that_fit(sequence);
    if (drafts > 0 && kv_.grow(sequence.kv, sequence.computed, sequence.computed + tokens + drafts)) {
      schedule(sequence, tokens, drafts);
    } else if (make_room(sequence, tokens)) {
      schedule(sequence, tokens);
    }
  }
}

int Scheduler::drafts_max(const Sequence& sequence) const {
  // Between guesses nobody asks what a constraint forces.
  const bool can_decode = sequence.is_decoding() && !sequence.kv.is_swapped() && !sequence.is_constrained();
  if (!can_decode || !kv_.can_truncate() || sequence.request.tokens_max == 0) return 0;
  const int outputs_left = sequence.request.tokens_max - sequence.output_count();
  return std::max(0, std::min(outputs_left - 1, limits_.positions_max - sequence.known()));
}

// Of those that a sequence brings: what leaves a row, with logits, to each of the others that decode.
int Scheduler::drafts_that_fit(const Sequence& sequence) const {
  if (sequence.drafts.empty()) return 0;
  const auto decoding = std::ranges::count_if(running_, [](const auto& other) { return other->is_decoding(); });
  const int others = static_cast<int>(decoding) - static_cast<int>(plan_.size()) - 1;
  const int rows = limits_.batch_tokens_max - work_.rows - 1 - std::max(0, others);
  const int logit_rows = limits_.logit_rows_max - work_.logit_rows - 1 - std::max(0, others);
  return std::max(0, std::min({static_cast<int>(sequence.drafts.size()), drafts_max(sequence), rows, logit_rows}));
}

// With decodes of d seconds in each step of b, prompts of p seconds are done after p b / (b - d): that is to be the
// time that is left until the one that has waited longest misses its target. As many steps as that takes are made
// equally long: the same time in all, and the shortest gaps.
void Scheduler::set_decode_budget(Clock::time_point now) {
  constexpr double kLeastShare = 0.25;  // of the longest step: shorter ones read all weights for few rows
  const double decodes = times_.predict(work_);
  const double most = decodes < limits_.decode_step_s ? limits_.decode_step_s : 2 * decodes;
  const WaitingQueue::Totals& waiting = waiting_.totals(output_mean_);
  StepWork all = work_;
  all += waiting.prompts;
  Clock::time_point oldest = std::min(now, waiting.oldest);
  for (const auto& sequence : running_) {
    if (!sequence->is_reading()) continue;
    all.add_rows(sequence->computed, sequence->remaining());
    all.logit_rows += sequence->logit_rows(sequence->remaining());
    oldest = std::min(oldest, sequence->submitted_at);
  }
  const double prompts = times_.predict(all) - decodes;
  const double left = limits_.target_ttft_s - seconds_between(oldest, now);
  double longest = most;
  if (left > prompts) {
    longest =
        std::clamp(decodes * left / (left - prompts), std::max(kLeastShare * most, std::min(2 * decodes, most)), most);
  }
  constexpr double kWholeBlocks = 0.05;  // less of the margin: all but the last step are cut to whole blocks
  const double steps = std::max(1.0, std::ceil(prompts / ((kRestMargin - kWholeBlocks) * longest - decodes)));
  budget_s_ = decodes + prompts / steps;
  rest_budget_s_ = kRestMargin * budget_s_;
}

// For comparisons: no decoding while there is a prompt to compute.
void Scheduler::plan_prefill_first(Clock::time_point now) {
  budget_s_ = rest_budget_s_ = std::numeric_limits<double>::infinity();
  plan_prompts(now);
  if (plan_.empty()) plan_decodes();
}

void Scheduler::plan_prompts(Clock::time_point now) {
  begun_.clear();
  for (const auto& sequence : running_) {
    if (sequence->is_reading()) begun_.push_back(sequence.get());
  }
  std::ranges::sort(begun_, {}, [](const Sequence* s) { return std::tuple(s->request.priority, s->due_at, s->id); });

  auto next = begun_.begin();
  const bool may_admit = !has_preempted_ && running_count() < limits_.sequences_max && waiting_.count() > 0;
  if (may_admit) waiting_.start(now);
  for (Sequence* newcomer = may_admit ? waiting_.next() : nullptr; newcomer != nullptr; newcomer = waiting_.next()) {
    while (next != begun_.end() && std::tuple((*next)->request.priority, (*next)->due_at) <=
                                       std::tuple(newcomer->request.priority, newcomer->due_at)) {
      plan_prompt(**next++);
    }
    if (admit(*newcomer) == Admission::stop) break;
  }
  for (; next != begun_.end(); ++next) plan_prompt(**next);
  if (plan_.empty()) plan_arriving();
}

// Nobody has anything to do meanwhile: the step waits for what comes in from the swap space.
void Scheduler::plan_arriving() {
  for (const auto& sequence : running_) {
    if (!kv_.is_arriving(sequence->kv)) continue;
    kv_.swaps().are_ins_awaited = true;
    plan_prompt(*sequence);
  }
}

void Scheduler::plan_prompt(Sequence& sequence) {
  const int tokens = tokens_within_budget(sequence);
  if (tokens > 0 && kv_.grow(sequence.kv, sequence.computed, sequence.computed + tokens)) schedule(sequence, tokens);
}

void Scheduler::schedule(Sequence& sequence, int tokens, int drafts) {
  has_prompt_ = has_prompt_ || sequence.is_reading();
  work_.add_rows(sequence.computed, tokens + drafts);
  work_.logit_rows += sequence.logit_rows(tokens) + drafts;
  const bool is_output = sequence.output_count() > 0 && sequence.is_decoding();
  clients_.charge(sequence.request.client, is_output ? kOutputWeight + tokens - 1 : tokens);
  plan_.push_back(
      {.sequence = &sequence, .tokens = tokens, .drafts = drafts, .logit_rows = sequence.logit_rows(tokens) + drafts});
}

// As many as fit into rows, logit rows and time; whole blocks unless it is the rest of the sequence.
int Scheduler::tokens_within_budget(const Sequence& sequence) const {
  const auto fits = [&](int tokens) {
    StepWork work = work_;
    work.add_rows(sequence.computed, tokens);
    work.logit_rows += sequence.logit_rows(tokens);
    if (work.rows > limits_.batch_tokens_max || work.logit_rows > limits_.logit_rows_max) return false;
    return (tokens <= kChunkMin && !has_prompt_) ||
           times_.predict(work) <= (tokens == sequence.remaining() ? rest_budget_s_ : budget_s_);
  };
  int least = 0, most = sequence.remaining();
  if (fits(most)) return to_state(sequence, most);
  while (most - least > 1) {  // fits(least), not fits(most)
    const int middle = least + (most - least) / 2;
    (fits(middle) ? least : most) = middle;
  }
  const int ragged = (sequence.computed + least) % kBlockTokens;
  return to_state(sequence, least > 2 * kBlockTokens ? least - ragged : least);
}

// Where states are kept, tokens beyond the last place to keep one wait for the next step.
int Scheduler::to_state(const Sequence& sequence, int tokens) const {
  const int grain = kv_.state_grain();
  if (grain == 0) return tokens;
  const int end = sequence.computed + tokens, kept = end - end % grain;
  return kept > sequence.computed ? kept - sequence.computed : tokens;
}

// One that was swapped out comes in while this step is computed, and goes on with the next.
Scheduler::Admission Scheduler::bring_back(Sequence& sequence) {
  if (!kv_.swap_in(sequence.kv, sequence.tokens, sequence.known(), running_count())) return Admission::stop;
  swapped_.push_back(sequence.id);
  run(sequence);
  return Admission::done;
}

void Scheduler::run(Sequence& sequence) {
  const auto place = std::ranges::upper_bound(running_, rank(sequence), {}, [](const auto& s) { return rank(*s); });
  running_.insert(place, waiting_.remove(sequence.id));
}

Scheduler::Admission Scheduler::admit(Sequence& sequence) {
  if (running_count() >= limits_.sequences_max || !can_decode_one_more(sequence)) return Admission::stop;
  if (sequence.kv.is_swapped()) return bring_back(sequence);
  const int found = kv_.cached_prefix(sequence.kv, sequence.tokens, sequence.request.cache_salt);
  const int cached = sequence.may_use_cache() ? found : 0;
  const Sequence* const sibling = find_sibling(sequence);
  if (sibling != nullptr ? sibling->computed < sequence.known() - 1 : is_being_computed(sequence, cached)) {
    return Admission::later;
  }
  const int shared = sibling != nullptr ? sequence.known() - 1 : cached;
  sequence.computed = shared;
  const int tokens = tokens_within_budget(sequence);
  const int spare = running_count();
  const bool has_blocks =
      tokens > 0 && (sibling != nullptr ? kv_.fork(sibling->kv, sequence.kv, shared, sequence.known(), spare)
                                        : kv_.admit(sequence.kv, sequence.tokens, shared, sequence.known(), spare));
  if (!has_blocks) {
    sequence.computed = 0;
    return Admission::stop;
  }
  if (sequence.preemption_count == 0) {
    sequence.cached_count = std::min(shared, sequence.prompt_count);
    prefix_tokens_ += static_cast<uint64_t>(sequence.prompt_count);
    prefix_tokens_cached_ += static_cast<uint64_t>(sequence.cached_count);
  }
  run(sequence);
  ESTOC_CHECK(kv_.grow(sequence.kv, shared, shared + tokens));
  schedule(sequence, tokens);
  return Admission::done;
}

// The running sequence whose prompt this one samples again, while it can be shared.
const Sequence* Scheduler::find_sibling(const Sequence& sequence) const {
  if (sequence.request.fork_of == 0 || sequence.output_count() > 0 || !sequence.may_use_cache()) return nullptr;
  for (const auto& other : running_) {
    if (other->id != sequence.request.fork_of) continue;
    const auto prompt = std::span(sequence.tokens);
    const bool is_same = other->prompt_count == sequence.prompt_count &&
                         other->request.cache_salt == sequence.request.cache_salt &&
                         std::ranges::equal(std::span(other->tokens).first(prompt.size()), prompt);
    return is_same && kv_.can_fork(other->kv, sequence.known() - 1) ? other.get() : nullptr;
  }
  return nullptr;
}

// Whether a prompt that has been begun is about to publish what this one would have to compute next.
bool Scheduler::is_being_computed(const Sequence& sequence, int cached) const {
  if (!sequence.may_use_cache() || !kv_.has_prefix_cache()) return false;
  const auto own = kv_.hashes(sequence.kv);
  const auto last = static_cast<size_t>(cached / kBlockTokens + kSharedBlocksMin);
  if (last >= own.size()) return false;
  return std::ranges::any_of(running_, [&](const auto& other) {
    const auto hashes = kv_.hashes(other->kv);
    return other->computed / kBlockTokens < static_cast<int>(last) &&
           other->request.priority <= sequence.request.priority && last < hashes.size() && hashes[last] == own[last];
  });
}

// Whether decoding would still meet its target. One more is always taken when the model is so slow that company costs
// little against decoding alone.
bool Scheduler::can_decode_one_more(const Sequence& sequence) const {
  constexpr double kSlowdownMax = 1.5;
  constexpr double kShare = 0.75;  // of a step: the rest is for prompts
  if (running_.empty()) return true;
  const auto add_decode = [](StepWork& work, const Sequence& other) {
    work.add_rows(other.known(), 1);
    ++work.logit_rows;
  };
  StepWork alone, together;
  add_decode(alone, sequence);
  together = alone;
  for (const auto& other : running_) add_decode(together, *other);
  return times_.predict(together) <= std::max(kShare * limits_.decode_step_s, kSlowdownMax * times_.predict(alone));
}

// False when the sequence itself had to go.
bool Scheduler::make_room(Sequence& sequence, int tokens) {
  while (!kv_.grow(sequence.kv, sequence.computed, sequence.computed + tokens)) {
    const bool is_own_turn = running_.back().get() == &sequence;
    preempt_worst();
    if (is_own_turn) return false;
  }
  return true;
}

// The worst is not in the plan yet: sequences ask for blocks in order of their rank.
void Scheduler::preempt_worst() {
  Sequence& worst = *running_.back();
  ESTOC_CHECK(plan_.empty() || rank(*plan_.back().sequence) < rank(worst));
  if (kv_.swap_out(worst.kv, worst.tokens)) {
    swapped_.push_back(worst.id);
    ++kept_count_;
  } else {
    kv_.release(worst.kv);
    worst.computed = 0;
  }
  ++worst.preemption_count;
  waiting_.add(std::move(running_.back()));
  running_.pop_back();
  ++preemption_count_;
  has_preempted_ = true;
}

// Prompts take turns with what is free; when none of them finds a block, the best-ranked takes it from the worst.
void Scheduler::plan_something() {
  while (plan_.empty() && !running_.empty()) {
    Sequence& best = *running_.front();
    const int tokens = tokens_within_budget(best);
    if (make_room(best, tokens)) schedule(best, tokens);
  }
}

void Scheduler::add(std::unique_ptr<Sequence> sequence) {
  clients_.enter(sequence->request.client);
  const double work = costs().prompt(sequence->known());
  sequence->due_at = sequence->submitted_at + to_duration(kPatience * work);
  if (const auto deadline = sequence->deadline()) {
    sequence->due_at = std::min(sequence->due_at, *deadline - to_duration(work));
  }
  waiting_.add(std::move(sequence));
}

std::unique_ptr<Sequence> Scheduler::remove(RequestId id) {
  std::unique_ptr<Sequence> removed = waiting_.remove(id);
  const auto at = std::ranges::find_if(running_, [id](const auto& sequence) { return sequence->id == id; });
  if (at != running_.end()) {
    removed = std::move(*at);
    running_.erase(at);
  }
  if (!removed) return nullptr;
  kv_.release(removed->kv);
  clients_.leave(removed->request.client);
  return removed;
}

Sequence* Scheduler::find(RequestId id) const {
  for (const auto& sequence : running_) {
    if (sequence->id == id) return sequence.get();
  }
  return waiting_.find(id);
}

WorkCosts Scheduler::costs() const {
  constexpr int kCompany = 8;
  const StepCosts costs = times_.costs();
  return {.prompt_token = costs.row,
          .output_token = costs.step / std::min(limits_.sequences_max, kCompany) + costs.row + costs.logit_row,
          .attended = costs.attended,
          .read = costs.read,
          .output_mean = output_mean_};
}

void Scheduler::learn_output(int tokens) {
  constexpr double kWeight = 0.05;
  output_mean_ += kWeight * (tokens - output_mean_);
}

double Scheduler::queue_work_s() const {
  const WorkCosts costs = this->costs();
  double seconds = costs.of(waiting_.totals(output_mean_).asked);
  for (const auto& sequence : running_) {
    if (sequence->is_reading()) seconds += costs.prompt(sequence->remaining());
  }
  return seconds;
}

void Scheduler::check_integrity() const {
  std::vector<const SequenceKv*> tables;
  for (const auto& sequence : running_) {
    tables.push_back(&sequence->kv);
    ESTOC_CHECK(sequence->remaining() > 0);
    ESTOC_CHECK(!sequence->kv.is_empty());
  }
  waiting_.for_each([&](const Sequence& sequence) {
    tables.push_back(&sequence.kv);
    ESTOC_CHECK(sequence.kv.is_empty());
    ESTOC_CHECK(sequence.kv.is_swapped() == (sequence.computed > 0));
  });
  kv_.check_integrity(tables);
  ESTOC_CHECK(running_count() <= limits_.sequences_max);
  ESTOC_CHECK(std::ranges::is_sorted(running_, {}, [](const auto& s) { return rank(*s); }));
}

}  // namespace estoc
