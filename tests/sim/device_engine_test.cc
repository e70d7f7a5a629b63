// An engine over a model on an emulated device: steps that are submitted ahead, and sequences that come back from the
// swap space, give the tokens that they give in turn and with memory enough.
#include <gtest/gtest.h>

#include "base/test_directory.h"
#include "base/thread_team.h"
#include "engine/step.h"
#include "engine/test_event_inbox.h"
#include "gpu/emulator.h"
#include "models/family.h"
#include "models/test_random_gguf.h"
#include "quant/format.h"
#include "runner/local_runner.h"
#include "weights/weight_source.h"

namespace estoc {
namespace {

constexpr RandomGguf kModel = {
    .format = &bf16, .layers = 1, .hidden = 64, .heads = 2, .kv_heads = 1, .ffn = 64, .vocab = 96, .context = 256};

class DeviceEngine : public testing::TestWithParam<bool> {
 protected:
  // With late streams the device does nothing before somebody waits for it.
  DeviceEngine() {
    gpu::set_emulator_late_streams(GetParam());
    weights_ = open_weights(directory_.write("m.gguf", kModel.text()), naming_rules());
    model_ = load_model(*weights_, team_, {.places = {{kModel.layers, "emulator"}}});
  }
  ~DeviceEngine() override { gpu::set_emulator_late_streams(false); }

  EngineConfig config(int blocks, bool plans_ahead) const {
    EngineConfig config = {.context = 128, .sequences_max = 4, .batch_tokens_max = 64, .kv_type = KvType::bf16};
    config.kv_bytes = static_cast<uint64_t>(blocks) * model_->info().state.position_block_bytes(KvType::bf16);
    config.target_tbt_s = 1e4;  // time plays no part
    config.plans_ahead = plans_ahead;
    return config;
  }

  static Request request(int first, int prompt, int tokens_max, float temperature) {
    Request request{.tokens_max = tokens_max};
    std::vector<TokenId> tokens;
    for (int i = 0; i < prompt; ++i) tokens.push_back((first + i * 37) % kModel.vocab);
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

  const TemporaryDirectory directory_;
  ThreadTeam team_{1};
  std::unique_ptr<WeightSource> weights_;
  std::unique_ptr<Model> model_;
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

}  // namespace
}  // namespace estoc
