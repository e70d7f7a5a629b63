#include "bench/model_plan.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace estoc {
namespace {

ModelInfo small_model() {
  ModelInfo info;
  info.hidden = 64;
  info.heads = 2;
  info.kv_heads = 1;
  info.head_dim = 32;
  info.ffn = 128;
  info.vocab = 1000;
  info.context_max = 8192;
  info.weight_bytes = 1'000'000;
  info.state = StateLayout({PagedState{1, 32}, PagedState{1, 32}});
  return info;
}

TEST(ModelPlan, TestsAreProducts) {
  const ModelBenchPlan plan = {.prompts = {512, 0}, .generations = {128}, .depths = {0, 4096}, .batches = {1, 8}};
  std::vector<std::string> names;
  for (const ModelTest& test : tests_of(plan)) names.push_back(test.name());
  EXPECT_EQ(names, (std::vector<std::string>{"pp512", "tg128", "tg128 x8", "pp512 @ d4096", "tg128 @ d4096",
                                             "tg128 x8 @ d4096"}));
}

TEST(ModelPlan, Blocks) {
  EXPECT_EQ(blocks_per_sequence({.n_prompt = 512}), 32);
  EXPECT_EQ(blocks_per_sequence({.n_gen = 1, .depth = 16}), 2);
  // One prompt of 512 after 4096, or 8 times 128 after 4096.
  EXPECT_EQ(blocks_of({{.n_prompt = 512, .depth = 4096}, {.n_gen = 128, .depth = 4096, .batch = 8}}), 8 * 264);
}

TEST(ModelPlan, MemoryIsThatOfTheLargestTest) {
  const ModelBenchPlan plan = {.prompts = {512}, .generations = {16}, .depths = {0}, .batches = {1, 100}};
  const MemoryNeed need = memory_need(plan, small_model());
  EXPECT_EQ(need.weights, 1'000'000u);
  EXPECT_EQ(need.kv, 100u * 2 * 2 * 32 * 16 * 2);  // blocks, layers, keys and values, head, positions, f16
  EXPECT_GE(need.activations, 100u * 1000 * 4);
}

std::string refusal(const ModelBenchPlan& plan, uint64_t memory) {
  try {
    check_plan(plan, small_model(), memory);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(ModelPlan, RefusesWhatDoesNotFit) {
  constexpr uint64_t kPlenty = uint64_t{1} << 40;
  EXPECT_EQ(refusal({}, kPlenty), "");
  EXPECT_NE(refusal({.prompts = {0}, .generations = {0}}, kPlenty).find("nothing to measure"), std::string::npos);
  EXPECT_NE(refusal({.prompts = {512}, .depths = {8000}}, kPlenty).find("pp512 @ d8000: needs 8512 positions"),
            std::string::npos);
  const std::string sentence = refusal({.depths = {4096}, .batches = {32}}, 20'000'000);
  EXPECT_NE(sentence.find("keys and values 0.0"), std::string::npos) << sentence;
  EXPECT_NE(sentence.find("smaller -b or -d"), std::string::npos) << sentence;
}

}  // namespace
}  // namespace estoc
