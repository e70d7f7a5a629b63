#include "sim/simulation.h"

#include <algorithm>

#include "engine/kv_sizing.h"
#include "engine/test_fake_constraint.h"

namespace estoc {
namespace {

thread_local Clock::time_point simulated_now;

}  // namespace

EngineConfig config_of(int context, int sequences_max, int batch_tokens_max, int blocks, int layers, bool has_state) {
  constexpr uint64_t kStateBytes = 64;
  const uint64_t block_bytes =
      StateLayout({PagedState{1, 2}}).position_block_bytes(KvType::f32);  // as FakeModel has it
  return {.context = context,
          .sequences_max = sequences_max,
          .batch_tokens_max = batch_tokens_max,
          .kv_bytes = static_cast<uint64_t>(blocks) * static_cast<uint64_t>(layers) * block_bytes +
                      static_cast<uint64_t>(has_state ? kStatesASequence * sequences_max : 0) * kStateBytes,
          .kv_type = KvType::f32};
}

Clock::time_point Simulation::now() { return simulated_now; }

Simulation::Simulation(const Scenario& scenario)
    : scenario_(scenario),
      random_(scenario.seed),
      model_(kVocab, scenario.config.batch_tokens_max, scenario.window, scenario.has_state),
      stepper_(runner_, scenario.config, now) {
  if (scenario.drafts > 0) stepper_.set_proposer(this);
  model_.is_device = scenario.is_device;
  simulated_now = Clock::time_point(std::chrono::hours(1));
  model_.before_forward = [this](const Batch& batch) {
    const double ms = scenario_.step_ms + scenario_.row_ms * static_cast<double>(batch.tokens.size());
    simulated_now += std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double, std::milli>(ms));
  };
  for (int i = 0; i < scenario.shared_beginnings; ++i) {
    auto& beginning = beginnings_.emplace_back(16 + random_() % 80);
    for (TokenId& token : beginning) token = static_cast<TokenId>(random_() % kVocab);
  }
}

std::vector<TokenId> Simulation::random_prompt() {
  const auto longest = static_cast<uint32_t>(
      std::min(stepper_.positions_max() - 1, scenario_.prompt_max > 0 ? scenario_.prompt_max : 1 << 20));
  const uint32_t length = 1 + random_() % (random_() % 8 == 0 ? longest : std::min(longest, 20u));
  std::vector<TokenId> prompt;
  if (!beginnings_.empty() && random_() % 2 == 0) prompt = beginnings_[random_() % beginnings_.size()];
  for (uint32_t i = 0; i < length; ++i) prompt.push_back(static_cast<TokenId>(random_() % kVocab));
  if (prompt.size() > longest) prompt.resize(longest);
  return prompt;
}

Request Simulation::random_request() {
  Request request;
  request.prompt = random_prompt();
  request.tokens_max = static_cast<int>(random_() % 40);
  request.sampling.temperature = random_() % 2 == 0 ? 0.0f : 1.0f;
  request.sampling.seed = random_();
  if (random_() % 3 == 0) request.sampling.repetition_penalty = 1.3f;
  if (random_() % 3 == 0) request.stop_tokens = {static_cast<TokenId>(random_() % kVocab)};
  if (random_() % 3 == 0) request.end_tokens = {7};
  request.ignore_end = random_() % 4 == 0;
  if (request.tokens_max > 5 && random_() % 4 == 0) request.tokens_min = 5;
  if (random_() % 6 == 0) request.prompt_logprobs = 1;
  if (random_() % 3 == 0) request.priority = static_cast<int>(random_() % 3) - 1;
  if (random_() % 2 == 0) request.client = std::string(1, static_cast<char>('a' + random_() % 3));
  if (random_() % 4 == 0) request.cache_salt = std::string(1, static_cast<char>('a' + random_() % 2));
  if (scenario_.constrained > 0 && static_cast<int>(random_() % 100) < scenario_.constrained) {
    request.constraint = std::make_shared<FakeConstraint>(random_(), kVocab, 1 + random_() % 40);
    request.end_tokens = {7, 9};
    if (random_() % 4 == 0) request.sampling.logprobs = 0;
  }
  if (scenario_.has_timeouts && random_() % 3 == 0) request.timeout = std::chrono::milliseconds(1 + random_() % 300);
  return request;
}

void Simulation::submit(Request request) {
  const RequestId id = ++last_id_;
  Live& live = live_.emplace(id, Live{request, {}, {}}).first->second;
  if (scenario_.drafts > 0) live.answer = complete_alone(request, kVocab, stepper_.positions_max()).tokens;
  auto place = Sequence::start_constraint(request);
  auto sequence = std::make_unique<Sequence>(
      id, std::move(request), [this](Event&& event) { receive(event); }, 0, std::move(place));
  sequence->submitted_at = simulated_now;
  stepper_.add(std::move(sequence));
}

// A request, sometimes with further samples of its prompt.
void Simulation::arrive() {
  Request request = random_request();
  const uint32_t samples = random_() % 5 == 0 ? random_() % 4 : 0;
  submit(request);
  const RequestId first = last_id_;
  for (uint32_t i = 0; i < samples; ++i) {
    request.fork_of = first;
    request.sampling.seed = random_();
    submit(request);
    ++forks_;
  }
}

void Simulation::end_one() {
  const RequestId id = std::next(live_.begin(), static_cast<long>(random_() % live_.size()))->first;
  stepper_.end(id, id % 3 == 0 ? FinishReason::completed : FinishReason::cancelled);
  if (random_() % 2 == 0) stepper_.end(1 + random_() % last_id_, FinishReason::cancelled);
}

void Simulation::receive(const Event& event) {
  ASSERT_TRUE(live_.contains(event.request));
  auto& [request, completion, answer] = live_.at(event.request);
  if (event.token) completion.tokens.push_back(*event.token);
  ASSERT_EQ(event.output_tokens, static_cast<int>(completion.tokens.size()));
  ASSERT_LT(event.cached_tokens, event.prompt_tokens);
  const bool is_cut = event.finish == FinishReason::cancelled || event.finish == FinishReason::timeout ||
                      event.finish == FinishReason::completed;
  if (event.output_tokens == (request.tokens_max == 0 ? 0 : 1) && !is_cut) {
    ASSERT_EQ(event.prompt_logprobs.size(), request.prompt_logprobs < 0 ? 0 : request.prompt.size() - 1);
  }
  if (event.times.preemptions == 0) worst_gap_s_ = std::max(worst_gap_s_, event.times.gap_max_s);
  if (!event.finish) return;
  completion.finish = *event.finish;
  if (event.finish == FinishReason::cancelled) {
    ++cancelled_;
  } else if (event.finish == FinishReason::timeout) {
    ASSERT_FALSE(event.error.empty());
    ++timed_out_;
  } else if (event.finish == FinishReason::completed) {
    const Completion whole = complete_alone(request, kVocab, stepper_.positions_max());
    const auto differs = std::ranges::mismatch(completion.tokens, whole.tokens).in1;
    ASSERT_EQ(differs, completion.tokens.end()) << "request " << event.request;
    ++done_, ++completed_;
  } else {
    ASSERT_EQ(completion, complete_alone(request, kVocab, stepper_.positions_max())) << "request " << event.request;
    ++done_;
    answered_ += completion.tokens.empty() ? 0 : 1;
  }
  live_.erase(event.request);
}

// Some guesses are right, and after a wrong one none matters.
void Simulation::propose(const Sequence& sequence, int most, std::vector<TokenId>& drafts) {
  const std::vector<TokenId>& answer = live_.at(sequence.id).answer;
  const int count = std::min(most, static_cast<int>(random_() % static_cast<uint32_t>(scenario_.drafts + 1)));
  for (int i = 0; i < count; ++i) {
    const auto at = static_cast<size_t>(sequence.output_count() + i);
    const bool is_right = at < answer.size() && random_() % 5 != 0;
    drafts.push_back(is_right ? answer[at] : static_cast<TokenId>(random_() % kVocab));
  }
}

void Simulation::step() {
  stepper_.step();
  model_.happened.clear();
  stepper_.check_integrity();
  stepper_.deliver();
}

void Simulation::run(int steps) {
  const auto chance = [&](int percent) { return static_cast<int>(random_() % 100) < percent; };
  for (int i = 0; i < steps && !testing::Test::HasFatalFailure(); ++i) {
    const bool is_busy_time = i / 200 % 3 != 2;
    const bool has_room = static_cast<int>(live_.size()) < scenario_.live_max;
    if (has_room && chance(is_busy_time ? scenario_.arrival : scenario_.arrival / 4)) arrive();
    if (!live_.empty() && chance(scenario_.cancel)) end_one();
    step();
    simulated_now += std::chrono::microseconds(50);
  }
  for (int i = 0; i < 100000 && !stepper_.is_idle(); ++i) step();
  check_totals();
}

void Simulation::check_totals() {
  EXPECT_TRUE(live_.empty());
  const EngineStats stats = stepper_.stats();
  EXPECT_EQ(stats.kv_blocks_used, 0);
  EXPECT_EQ(stats.swap_blocks_used, 0);
  EXPECT_EQ(stats.requests_done, done_);
  EXPECT_EQ(stats.requests_cancelled, cancelled_);
  EXPECT_EQ(stats.requests_timed_out, timed_out_);
  EXPECT_EQ(stats.requests_failed, 0u);
  EXPECT_EQ(done_ + cancelled_ + timed_out_, last_id_);
  EXPECT_EQ(stats.e2e_s.count(), done_);
  EXPECT_GT(done_, last_id_ / 2);
  EXPECT_EQ(cancelled_ > 0, scenario_.cancel > 0);
  EXPECT_EQ(completed_ > 0, scenario_.cancel > 0);
  // All but the last token of a request, which nobody reads, and what was found of its prompt.
  const bool is_all_known = scenario_.cancel == 0 && scenario_.drafts == 0 && scenario_.constrained == 0 &&
                            !scenario_.has_timeouts && !scenario_.is_device;
  if (!is_all_known || stats.preemptions > stats.preemptions_kept) return;
  EXPECT_EQ(model_.row_count, stats.prompt_tokens + stats.output_tokens - answered_ - stats.prefix_tokens_cached);
}

}  // namespace estoc
