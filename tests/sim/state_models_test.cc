// A tiny model of every family in an engine, whatever kinds of state its layers keep (windows beside full attention,
// convolutions beside attention, keys and values that layers share): chunked prompts, the prefix cache, forks,
// preemption and cancelling change no token.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "base/thread_team.h"
#include "engine/engine.h"
#include "engine/kv_sizing.h"
#include "engine/test_event_inbox.h"
#include "models/family.h"
#include "models/test_tiny_models.h"
#include "weights/weight_source.h"

namespace estoc {
namespace {

class StateModels : public testing::TestWithParam<std::string> {
 protected:
  StateModels() {
    model_ = load_model(*weights_, team_, {.compute = ComputeMode::exact, .is_deterministic = true});
    for (size_t i = 0; i < prompt_.size(); ++i) prompt_[i] = static_cast<TokenId>(i * 37 % vocab());
  }

  size_t vocab() const { return static_cast<size_t>(model_->info().vocab); }

  EngineConfig config(int batch_tokens, int blocks) const {
    const StateLayout& state = model_->info().state;
    EngineConfig config = {
        .context = std::min(400, blocks * kKvBlockTokens), .sequences_max = 4, .batch_tokens_max = batch_tokens};
    config.kv_type = KvType::f32;
    config.kv_bytes = static_cast<uint64_t>(blocks) * state.position_block_bytes(KvType::f32) +
                      state_bytes(state, config.sequences_max);
    return config;
  }

  Request request(int prompt, int first = 0) const {
    return {.prompt = std::vector<TokenId>(prompt_.begin() + first, prompt_.begin() + first + prompt),
            .sampling = {.temperature = 0},
            .tokens_max = 20,
            .ignore_end = true};
  }

  static std::vector<TokenId> tokens_of(const std::vector<Event>& events) {
    std::vector<TokenId> tokens;
    for (const Event& event : events) {
      if (event.token) tokens.push_back(*event.token);
    }
    return tokens;
  }

  // The answer of a request that has an engine, and the whole prompt in a step, to itself. A team has one caller, so no
  // other engine may run meanwhile.
  std::vector<TokenId> alone(const Request& request) {
    EngineConfig lonely = config(200, 60);
    lonely.has_prefix_cache = false;
    Inbox inbox;
    Engine engine(*model_, lonely, &team_);
    return tokens_of(inbox.wait_for_all(engine.submit(request, inbox.sink()).id));
  }

  const std::unique_ptr<WeightSource> weights_ = open_weights(kGolden + "models/" + GetParam(), naming_rules());
  ThreadTeam team_{2};
  std::unique_ptr<Model> model_;
  std::vector<TokenId> prompt_ = std::vector<TokenId>(200);
};

TEST_P(StateModels, ChunksOfAPromptChangeNothing) {
  const Request asked = request(150);
  const auto expected = alone(asked);
  ASSERT_EQ(expected.size(), 20u);
  for (const int batch_tokens : {4, 7, 16, 33}) {
    Inbox inbox;
    Engine engine(*model_, config(batch_tokens, 60), &team_);
    EXPECT_EQ(tokens_of(inbox.wait_for_all(engine.submit(asked, inbox.sink()).id)), expected) << batch_tokens;
  }
}

TEST_P(StateModels, ACachedBeginningIsGoneOnFrom) {
  const std::vector<int> lengths = {100, 97, 150, 64};
  std::vector<std::vector<TokenId>> expected;
  for (const int length : lengths) expected.push_back(alone(request(length)));
  Inbox inbox;
  Engine engine(*model_, config(64, 60), &team_);
  inbox.wait_for_all(engine.submit(request(100), inbox.sink()).id);
  for (size_t i = 0; i < lengths.size(); ++i) {
    const auto events = inbox.wait_for_all(engine.submit(request(lengths[i]), inbox.sink()).id);
    EXPECT_EQ(tokens_of(events), expected[i]) << lengths[i];
    EXPECT_GE(events.back().cached_tokens, lengths[i] >= 97 ? 96 : 0) << lengths[i];
  }
}

// Fixed states are kept where steps end: at 64 and 96 of the first, and only from there can others go on.
TEST_P(StateModels, FixedStatesAreFoundWhereTheyWereKept) {
  if (model_->info().state.sequence_bytes() == 0) return;
  Inbox inbox;
  Engine engine(*model_, config(64, 60), &team_);
  inbox.wait_for_all(engine.submit(request(100), inbox.sink()).id);
  const auto cached = [&](int length) {
    return inbox.wait_for_all(engine.submit(request(length), inbox.sink()).id).back().cached_tokens;
  };
  EXPECT_EQ(cached(97), 96);
  EXPECT_EQ(cached(96), 64);
  EXPECT_EQ(cached(64), 0);
}

TEST_P(StateModels, ForksGoOnAlike) {
  Request first = request(90), second = first;
  first.sampling.temperature = second.sampling.temperature = 100;  // some are sure of a token
  first.sampling.seed = 1, second.sampling.seed = 2;
  const auto of_first = alone(first), of_second = alone(second);
  EXPECT_NE(of_first, of_second);
  Inbox inbox;
  Engine engine(*model_, config(64, 60), &team_);
  const RequestId id = engine.submit(first, inbox.sink()).id;
  second.fork_of = id;
  const RequestId fork = engine.submit(second, inbox.sink()).id;
  EXPECT_EQ(tokens_of(inbox.wait_for_all(id)), of_first);
  EXPECT_EQ(tokens_of(inbox.wait_for_all(fork)), of_second);
}

TEST_P(StateModels, PreemptionAndCancellingDisturbNobody) {
  std::vector<Request> asked;
  std::vector<std::vector<TokenId>> expected;
  for (int i = 0; i < 4; ++i) {
    asked.push_back(request(30 + 7 * i, 10 * i));
    asked.back().tokens_max = 60;
    expected.push_back(alone(asked.back()));
  }
  Inbox inbox;
  Engine engine(*model_, config(16, 12), &team_);  // all four would need 22 blocks
  std::vector<RequestId> ids;
  for (const Request& each : asked) ids.push_back(engine.submit(each, inbox.sink()).id);
  engine.cancel(engine.submit(request(80, 60), inbox.sink()).id);
  for (size_t i = 0; i < asked.size(); ++i) EXPECT_EQ(tokens_of(inbox.wait_for_all(ids[i])), expected[i]) << i;
  if (model_->info().state.position_block_bytes(KvType::f32) > 0) {
    EXPECT_GT(engine.stats().preemptions, 0u);
  }
}

INSTANTIATE_TEST_SUITE_P(TinyModels, StateModels, testing::ValuesIn(tiny_models()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace estoc
