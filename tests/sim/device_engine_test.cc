// An engine over a model on an emulated device: steps that are submitted ahead, and sequences that come back from the
// swap space, give the tokens that they give in turn and with memory enough; with every kind of state, both at once.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <tuple>

#include "base/test_directory.h"
#include "base/thread_team.h"
#include "engine/kv_sizing.h"
#include "engine/step.h"
#include "engine/test_event_inbox.h"
#include "gpu/emulator.h"
#include "models/family.h"
#include "models/test_random_gguf.h"
#include "models/test_tiny_models.h"
#include "quant/format.h"
#include "runner/local_runner.h"
#include "weights/weight_source.h"

namespace estoc {
namespace {

constexpr RandomGguf kModel = {
    .format = &bf16, .layers = 1, .hidden = 64, .heads = 2, .kv_heads = 1, .ffn = 64, .vocab = 96, .context = 256};

// Runs requests through an engine over one model, all layers of it on the device.
class DeviceRuns {
 protected:
  // With late streams the device does nothing before somebody waits for it.
  DeviceRuns(const std::string& path, bool has_late_streams) {
    gpu::set_emulator_late_streams(has_late_streams);
    weights_ = open_weights(path, naming_rules());
    const int layers = describe_model(*weights_, ComputeMode::fast).layers;
    model_ = load_model(*weights_, team_, {.places = {{layers, "emulator"}}});
  }
  ~DeviceRuns() { gpu::set_emulator_late_streams(false); }

  // Room for so many blocks of positions, and for all states that sequences may want.
  EngineConfig config(int blocks, bool plans_ahead) const {
    const StateLayout& state = model_->info().state;
    EngineConfig config = {.context = std::min(128, blocks * kBlockTokens),  // for a longer one states would have to go
                           .sequences_max = 4,
                           .batch_tokens_max = 64,
                           .kv_type = KvType::bf16};
    config.kv_bytes = static_cast<uint64_t>(blocks) * state.position_block_bytes(KvType::bf16);
    if (state.sequence_bytes() > 0) config.kv_bytes += state_bytes(state, config.sequences_max);
    config.target_tbt_s = 1e4;  // time plays no part
    config.plans_ahead = plans_ahead;
    return config;
  }

  Request request(int first, int prompt, int tokens_max, float temperature) const {
    Request request{.tokens_max = tokens_max};
    std::vector<TokenId> tokens;
    for (int i = 0; i < prompt; ++i) tokens.push_back((first + i * 37) % model_->info().vocab);
    request.prompt = tokens;
    request.sampling.temperature = temperature;
    request.sampling.seed = static_cast<uint64_t>(first);
    return request;
  }

  struct Answers {
    std::vector<Completion> completions;
    EngineStats stats;
  };
  Answers run(const std::vector<Request>& requests, const EngineConfig& config) {
    LocalRunner runner(*model_, &team_);
    Inbox inbox;
    Stepper stepper(runner, config);
    RequestId id = 0;
    for (const Request& request : requests) {
      stepper.add(std::make_unique<Sequence>(++id, request, inbox.sink(), 1));
    }
    while (!stepper.is_idle()) {
      stepper.step();
      stepper.check_integrity();
      if (!stepper.leaves_delivery()) stepper.deliver();
    }
    Answers answers{.stats = stepper.stats()};
    for (RequestId each = 1; each <= id; ++each) answers.completions.push_back(inbox.completion(each));
    EXPECT_EQ(answers.stats.kv_blocks_used, 0);
    EXPECT_EQ(answers.stats.swap_blocks_used, 0);
    return answers;
  }

  ThreadTeam team_{1};
  std::unique_ptr<WeightSource> weights_;
  std::unique_ptr<Model> model_;
};

struct RandomModel {
  const TemporaryDirectory directory;
  const std::string path = directory.write("m.gguf", kModel.text());
};

class DeviceEngine : private RandomModel, public DeviceRuns, public testing::TestWithParam<bool> {
 protected:
  DeviceEngine() : DeviceRuns(path, GetParam()) {}
};

TEST_P(DeviceEngine, StepsAheadChangeNoToken) {
  std::vector<Request> requests = {request(1, 20, 12, 0), request(5, 9, 9, 0.9f), request(11, 17, 12, 0.8f)};
  requests[1].sampling.top_p = 0.9f;
  requests[2].sampling.top_k = 20;
  const Answers whole = run(requests, config(40, false));
  requests[0].stop_tokens = {whole.completions[0].tokens[4]};
  const Answers in_turn = run(requests, config(40, false)), ahead = run(requests, config(40, true));
  EXPECT_EQ(in_turn.completions[0].finish, FinishReason::stop);
  for (size_t i = 0; i < requests.size(); ++i) EXPECT_EQ(ahead.completions[i], in_turn.completions[i]) << i;
  EXPECT_EQ(in_turn.stats.steps_ahead, 0u);
  EXPECT_GT(ahead.stats.steps_ahead, ahead.stats.steps / 2);
}

TEST_P(DeviceEngine, RowsThatTheHostLooksAtArePlannedInTurn) {
  std::vector<Request> requests = {request(1, 10, 4, 0.9f), request(5, 9, 9, 0.9f)};
  requests[0].sampling.frequency_penalty = 0.5f;
  const Answers in_turn = run(requests, config(40, false)), ahead = run(requests, config(40, true));
  for (size_t i = 0; i < requests.size(); ++i) EXPECT_EQ(ahead.completions[i], in_turn.completions[i]) << i;
  EXPECT_GT(ahead.stats.steps_ahead, 0u);
  EXPECT_LT(ahead.stats.steps_ahead, ahead.stats.steps / 2 + 2);
}

TEST_P(DeviceEngine, WhoComesBackFromTheSwapSpaceGoesOnAlike) {
  const std::vector<Request> requests = {request(1, 14, 24, 0), request(5, 15, 24, 0.9f)};
  const Answers in_plenty = run(requests, config(40, true));
  EngineConfig poor = config(4, true);
  poor.has_prefix_cache = false;
  poor.swap_bytes = poor.kv_bytes;
  const Answers swapped = run(requests, poor);
  for (size_t i = 0; i < requests.size(); ++i) EXPECT_EQ(swapped.completions[i], in_plenty.completions[i]) << i;
  EXPECT_EQ(in_plenty.stats.preemptions, 0u);
  EXPECT_GT(swapped.stats.preemptions, 0u);
  EXPECT_EQ(swapped.stats.preemptions_kept, swapped.stats.preemptions);
  EXPECT_GT(swapped.stats.swap_blocks_in, 0u);
  EXPECT_EQ(swapped.stats.step_rows.sum(), 14 + 23 + 15 + 23);  // none twice
}

INSTANTIATE_TEST_SUITE_P(Streams, DeviceEngine, testing::Bool(),
                         [](const auto& info) { return info.param ? "late" : "at_once"; });

class DeviceStates : public DeviceRuns, public testing::TestWithParam<std::tuple<const char*, bool>> {
 protected:
  DeviceStates() : DeviceRuns(kGolden + "models/" + std::get<0>(GetParam()), std::get<1>(GetParam())) {}
};

// Sequences give way and come back while steps are submitted before the tokens of those before are known.
TEST_P(DeviceStates, ComeBackFromTheSwapSpaceWhileStepsAreAhead) {
  std::vector<Request> requests = {request(1, 14, 24, 0), request(5, 15, 24, 0)};
  for (Request& each : requests) each.ignore_end = true;
  EngineConfig rich = config(40, false), poor = config(4, true);
  rich.has_prefix_cache = poor.has_prefix_cache = false;
  poor.swap_bytes = 2 * poor.kv_bytes;
  const Answers in_plenty = run(requests, rich), swapped = run(requests, poor);
  for (size_t i = 0; i < requests.size(); ++i) EXPECT_EQ(swapped.completions[i], in_plenty.completions[i]) << i;
  EXPECT_GT(swapped.stats.preemptions, 0u);
  EXPECT_EQ(swapped.stats.preemptions_kept, swapped.stats.preemptions);
  EXPECT_GT(swapped.stats.swap_blocks_in, 0u);
  EXPECT_GT(swapped.stats.steps_ahead, 0u);
}

// One sequence after the other: the second begins with what was kept of the first.
TEST_P(DeviceStates, GoOnFromWhatThePrefixCacheKept) {
  std::vector<Request> requests = {request(1, 60, 8, 0), request(1, 75, 8, 0), request(1, 75, 8, 0)};
  for (Request& each : requests) each.ignore_end = true;
  EngineConfig cached = config(40, true);
  cached.sequences_max = 1;
  EngineConfig plain = cached;
  plain.has_prefix_cache = false;
  const Answers anew = run(requests, plain), kept = run(requests, cached);
  for (size_t i = 0; i < requests.size(); ++i) EXPECT_EQ(kept.completions[i].tokens, anew.completions[i].tokens) << i;
  EXPECT_GT(kept.stats.prefix_tokens_cached, 0u);
}

INSTANTIATE_TEST_SUITE_P(Models, DeviceStates,
                         testing::Combine(testing::Values("lfm2_wide_like", "qwen3_5_moe_wide_like"), testing::Bool()),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param)) +
                                  (std::get<1>(info.param) ? "_late" : "_at_once");
                         });

}  // namespace
}  // namespace estoc
