#include "engine/request_rules.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/error.h"
#include "base/limits.h"
#include "engine/kv_sizing.h"

namespace estoc {
namespace {

constexpr EngineConfig kConfig{.context = 100};

Request valid() { return {.prompt = {1, 2, 3}}; }

TEST(RequestRules, NameTheFieldThatIsWrong) {
  const std::pair<const char*, std::function<void(Request&)>> cases[] = {
      {"prompt", [](Request& r) { r.prompt = {}; }},
      {"prompt", [](Request& r) { r.prompt = {1, 50}; }},
      {"prompt", [](Request& r) { r.prompt = {-1}; }},
      {"tokens_max", [](Request& r) { r.tokens_max = -1; }},
      {"tokens_min", [](Request& r) { r.tokens_min = -1; }},
      {"tokens_min", [](Request& r) { r.tokens_min = 17; }},
      {"stop_tokens", [](Request& r) { r.stop_tokens = std::vector<TokenId>(limits::kStopTokensMax + 1); }},
      {"prompt_logprobs", [](Request& r) { r.prompt_logprobs = 21; }},
      {"prompt_logprobs", [](Request& r) { r.prompt_logprobs = -2; }},
      {"timeout", [](Request& r) { r.timeout = std::chrono::milliseconds(-1); }},
      {"top_p", [](Request& r) { r.sampling.top_p = 2; }},
  };
  for (const auto& [name, spoil] : cases) {
    Request request = valid();
    validate(request, 50, kConfig, 10);
    spoil(request);
    try {
      validate(request, 50, kConfig, 10);
      ADD_FAILURE() << name << " passed";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
      EXPECT_EQ(error.param(), name);
    }
  }
}

TEST(RequestRules, TakeTheEndsOfEveryRange) {
  const std::function<void(Request&)> cases[] = {
      [](Request& r) { r.prompt = {0, 49}; },
      [](Request& r) { r.tokens_max = r.tokens_min = 0; },
      [](Request& r) { r.tokens_min = r.tokens_max; },
      [](Request& r) { r.prompt_logprobs = -1; },
      [](Request& r) { r.prompt_logprobs = 0; },
      [](Request& r) { r.prompt_logprobs = 20; },
      [](Request& r) { r.timeout = {}; },
      [](Request& r) { r.timeout = std::chrono::milliseconds(1); },
  };
  for (const auto& change : cases) {
    Request request = valid();
    change(request);
    EXPECT_NO_THROW(validate(request, 50, kConfig, 10));
  }
}

std::string message_for(size_t prompt_tokens, int kv_positions) {
  Request request = valid();
  request.prompt = std::vector<TokenId>(prompt_tokens, 1);
  try {
    validate(request, 50, kConfig, kv_positions);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(RequestRules, APromptThatNeverFitsIsRefusedWithBothNumbers) {
  EXPECT_EQ(message_for(99, 160), "");
  EXPECT_NE(message_for(100, 160).find("100 tokens, but a context of 100"), std::string::npos);
  EXPECT_EQ(message_for(31, 32), "");
  EXPECT_NE(message_for(32, 32).find("32 tokens, but a KV cache of 32"), std::string::npos);
}

TEST(KvSizing, FollowsItsFormula) {
  const StateLayout layers(std::vector<StateSpec>(30, PagedState{3, 64}));
  const auto blocks = [&](const EngineConfig& config) { return block_counts(kv_groups_for(layers, config)); };
  EXPECT_EQ(blocks({.context = 4096}), std::vector{1024});
  EXPECT_EQ(blocks({.context = 17, .sequences_max = 2}), std::vector{4});
  EXPECT_EQ(blocks({.kv_bytes = 368640 * 7 + 368639}), std::vector{7});
  EXPECT_EQ(blocks({.kv_bytes = 368640 * 2 * 7, .kv_type = KvType::f32}), std::vector{7});
  EXPECT_THROW(blocks({.kv_bytes = 1000}), Error);
  EXPECT_EQ(blocks({.kv_bytes = ~uint64_t{0}}), std::vector{2147483647 / 16});
  EXPECT_EQ(positions_max_for({{.block_count = 4}}, {.context = 100}), 64);
  EXPECT_EQ(positions_max_for({{.block_count = 40}}, {.context = 100}), 100);
}

TEST(KvSizing, AWindowTakesNoMoreThanItsSequencesCanUse) {
  std::vector<StateSpec> layers(4, PagedState{1, 16, 64});
  layers.push_back(PagedState{1, 16});
  const EngineConfig config = {.context = 100000, .sequences_max = 2, .batch_tokens_max = 64, .kv_bytes = 10240 * 1000};
  const auto groups = kv_groups_for(StateLayout(layers), config);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].block_count, 2 * ((64 + 256 + 64) / 16 + 2));
  EXPECT_EQ(groups[1].block_count, (10240 * 1000 - 52 * 4 * 1024) / 1024);
  EXPECT_EQ(positions_max_for(groups, config), 100000);
}

TEST(KvSizing, FixedStatesAreASequencesWhateverItsLength) {
  const StateLayout layout({FixedState{64}, PagedState{1, 16}});
  const EngineConfig config = {.context = 160, .sequences_max = 2, .kv_type = KvType::f32};
  const auto groups = kv_groups_for(layout, config);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].block_count, 8);
  EXPECT_EQ(groups[0].snapshot_every, 16);
  EXPECT_EQ(groups[1].block_count, 20);
  EXPECT_EQ(positions_max_for(groups, config), 160);
  EngineConfig small = config;
  small.kv_bytes = 8 * 64 + 2047;
  EXPECT_THROW(kv_groups_for(layout, small), Error);
  small.kv_bytes = 8 * 64 + 2048;
  EXPECT_EQ(kv_groups_for(layout, small)[1].block_count, 1);
}

// A context of this layout has 10 blocks of 2,048 bytes.
TEST(KvSizing, LargeFixedStatesLeaveRoomForAContext) {
  constexpr int64_t kState = 1 << 20;
  const StateLayout layout({FixedState{kState, 256}, PagedState{1, 16}});
  EngineConfig config = {.context = 160, .sequences_max = 2, .kv_type = KvType::f32};
  const auto counts = [&](uint64_t memory) {
    config.kv_bytes = memory;
    return block_counts(kv_groups_for(layout, config));
  };
  EXPECT_EQ(counts(10 * kState), (std::vector<int>{8, 1024}));
  EXPECT_EQ(counts(5 * kState + 10 * 2048), (std::vector<int>{5, 10}));
  EXPECT_EQ(counts(5 * kState), (std::vector<int>{4, 512}));
  EXPECT_EQ(counts(2 * kState + 2048), (std::vector<int>{2, 1}));
  EXPECT_THROW(counts(2 * kState + 2047), Error);
}

}  // namespace
}  // namespace estoc
