// Whole models against the log-probabilities of the reference implementation (tests/golden, made by
// tests/golden/make_model_golden.py). The demo model's are compared through a running server, in tests/e2e.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/thread_team.h"
#include "kernels/kernels.h"
#include "models/family.h"
#include "models/model.h"
#include "models/test_tiny_models.h"
#include "weights/weight_source.h"

namespace estoc {
namespace {

// log-softmax of every row, [prompt][vocab], computed in uneven chunks through a KV cache of scattered blocks.
std::vector<double> log_probabilities(const Model& model, KvType kv_type, const std::vector<TokenId>& prompt,
                                      int chunk_rows) {
  const int count = static_cast<int>(prompt.size());
  const int block_count = (count + kKvBlockTokens - 1) / kKvBlockTokens;
  StateStorage kv(model.info().state, kv_type, block_count);
  std::vector<BlockId> blocks(static_cast<size_t>(block_count));
  for (int b = 0; b < block_count; ++b) blocks[static_cast<size_t>(b)] = static_cast<BlockId>(block_count - 1 - b);
  const auto vocab = static_cast<size_t>(model.info().vocab);
  std::vector<float> logits(vocab * static_cast<size_t>(chunk_rows));
  const auto scratch = model.make_scratch({.rows_max = chunk_rows});
  std::vector<double> result;
  for (int begin = 0; begin < count; begin += chunk_rows) {
    const int rows = std::min(chunk_rows, count - begin);
    const BatchSequence sequence{0, rows, begin, blocks};
    std::vector<int32_t> logit_rows(static_cast<size_t>(rows));
    std::iota(logit_rows.begin(), logit_rows.end(), 0);
    model.forward({{prompt.data() + begin, static_cast<size_t>(rows)}, {&sequence, 1}, logit_rows}, kv, *scratch,
                  logits.data());
    for (size_t r = 0; r < static_cast<size_t>(rows); ++r) {
      const float* row = logits.data() + r * vocab;
      const double largest = *std::max_element(row, row + vocab);
      double sum = 0;
      for (size_t i = 0; i < vocab; ++i) sum += std::exp(row[i] - largest);
      for (size_t i = 0; i < vocab; ++i) result.push_back(row[i] - largest - std::log(sum));
    }
  }
  return result;
}

std::vector<TokenId> token_ids(const Json& list) {
  std::vector<TokenId> ids;
  for (const Json& id : list.as_array()) ids.push_back(static_cast<TokenId>(id.as_int()));
  return ids;
}

// Every top-20 log-probability of every stored position; returns the largest difference.
void expect_golden(const std::string& model_path, const std::string& golden_path) {
  const Json golden = parse_json(read_file(golden_path));
  const auto weights = open_weights(model_path, naming_rules());
  ThreadTeam team(2);
  const Json* context = golden.find("context");
  const auto model = load_model(
      *weights, team,
      {.compute = ComputeMode::exact, .context = context == nullptr ? 0 : static_cast<int>(context->as_int())});
  const auto vocab = static_cast<size_t>(model->info().vocab);
  double worst = 0;
  for (const Json& test : golden.find("cases")->as_array()) {
    const auto prompt = token_ids(*test.find("prompt"));
    const auto logprobs = log_probabilities(*model, KvType::f32, prompt, 200);
    for (const Json& place : test.find("positions")->as_array()) {
      const auto position = static_cast<size_t>(place.find("position")->as_int());
      for (const Json& pair : place.find("top")->as_array()) {
        const auto token = static_cast<size_t>(pair.as_array()[0].as_int());
        const double difference = std::fabs(logprobs[position * vocab + token] - pair.as_array()[1].as_double());
        ASSERT_LT(difference, golden.find("tolerance")->as_double())
            << test.find("name")->as_string() << " position " << position << " token " << token;
        worst = std::max(worst, difference);
      }
    }
  }
  std::printf("  worst log-probability difference %.2e\n", worst);
}

class TinyModels : public testing::TestWithParam<std::string> {};

std::vector<std::string> tiny_gguf_files() {
  std::vector<std::string> names = tiny_models();
  std::erase_if(names,
                [](const std::string& name) { return !std::filesystem::exists(kGolden + "models/" + name + ".gguf"); });
  return names;
}

// Those of them that are there as a GGUF file, too.
class TinyGgufFiles : public testing::TestWithParam<std::string> {};

TEST_P(TinyGgufFiles, ExactEqualsTransformers) {
  expect_golden(kGolden + "models/" + GetParam() + ".gguf", kGolden + GetParam() + ".json");
}

// A file of every GGUF architecture that a family reads.
TEST(TinyModelsList, HasEveryGgufArchitecture) {
  std::set<std::string> missing;
  for (const ModelFamily* family : families()) {
    for (const GgufArchitecture& gguf : family->naming.gguf) missing.emplace(gguf.model_type);
  }
  for (const std::string& name : tiny_gguf_files()) {
    missing.erase(
        open_weights(kGolden + "models/" + name + ".gguf", naming_rules())->config().find("model_type")->as_string());
  }
  EXPECT_EQ(missing, std::set<std::string>{});
}

TEST(TinyModelsList, HasEveryFolder) {
  std::set<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(kGolden + "models"))
    names.insert(file.path().stem().string());
  EXPECT_EQ(names.size(), tiny_models().size());
  EXPECT_FALSE(names.empty());
}

// GPT-2 has a table of 256.
TEST(TinyModelsList, PositionsBeyondATableAreRefused) {
  const auto weights = open_weights(kGolden + "models/gpt2_like", naming_rules());
  ThreadTeam team(1);
  const auto model = load_model(*weights, team, {.compute = ComputeMode::exact});
  EXPECT_NO_THROW(log_probabilities(*model, KvType::f32, std::vector<TokenId>(256), 100));
  EXPECT_THROW(log_probabilities(*model, KvType::f32, std::vector<TokenId>(257), 100), Error);
}

TEST_P(TinyModels, ExactEqualsTransformers) {
  expect_golden(kGolden + "models/" + GetParam(), kGolden + GetParam() + ".json");
}

TEST_P(TinyModels, ChunksAndIsaLevelsAgree) {
  const auto weights = open_weights(kGolden + "models/" + GetParam(), naming_rules());
  ThreadTeam team(2);
  std::vector<TokenId> prompt(70);
  std::vector<double> expected;
  for (int level = 0; level < kernels::kIsaCount; ++level) {
    if (!kernels::force_isa(static_cast<kernels::Isa>(level))) continue;
    const auto model = load_model(*weights, team, {.compute = ComputeMode::exact});
    for (size_t i = 0; i < prompt.size(); ++i)
      prompt[i] = static_cast<TokenId>(i * 37 % static_cast<size_t>(model->info().vocab));
    for (const int chunk : {70, 1, 17}) {
      const auto got = log_probabilities(*model, KvType::f32, prompt, chunk);
      if (expected.empty()) expected = got;
      for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], expected[i], 5e-4) << level << " " << chunk;
    }
  }
  kernels::force_isa(kernels::best_isa());
}

double mean_divergence(const std::vector<double>& expected, const std::vector<double>& got, size_t rows) {
  double sum = 0;
  for (size_t i = 0; i < got.size(); ++i) sum += std::exp(expected[i]) * (expected[i] - got[i]);
  return sum / static_cast<double>(rows);
}

// Fast mode computes the same, but for what it rounds: nothing beside floating-point weights where a CPU multiplies f32,
// activations to bf16 where it multiplies bf16 (near a tie a router then chooses others), and little in 8 bits. Layers of
// different widths share buffers, which only fast mode reads in other forms than f32.
TEST_P(TinyModels, FastIsNearExact) {
  const auto weights = open_weights(kGolden + "models/" + GetParam(), naming_rules());
  ThreadTeam team(2);
  const auto exact = load_model(*weights, team, {.compute = ComputeMode::exact});
  const auto vocab = static_cast<size_t>(exact->info().vocab);
  std::vector<TokenId> prompt(70);
  for (size_t i = 0; i < prompt.size(); ++i) prompt[i] = static_cast<TokenId>(i * 37 % vocab);
  const auto expected = log_probabilities(*exact, KvType::f32, prompt, 70);
  for (const kernels::Isa level : {kernels::best_isa(), std::min(kernels::best_isa(), kernels::Isa::avx512)}) {
    ASSERT_TRUE(kernels::force_isa(level));
    const double stored_bound = kernels::table().has_bf16_dot ? 0.02 : 0.002;
    for (const auto& [type, bound] : {std::pair(WeightType::as_stored, stored_bound), {WeightType::int8, 0.05}}) {
      const auto model = load_model(*weights, team, {.activations = Activations::int16, .weights = type});
      for (const int chunk : {70, 1, 17}) {
        const auto got = log_probabilities(*model, KvType::f32, prompt, chunk);
        EXPECT_LT(mean_divergence(expected, got, prompt.size()), bound)
            << kernels::isa_name(level) << " " << weight_type_name(type) << " " << chunk;
      }
    }
  }
  kernels::force_isa(kernels::best_isa());
}

INSTANTIATE_TEST_SUITE_P(All, TinyModels, testing::ValuesIn(tiny_models()),
                         [](const auto& info) { return info.param; });
INSTANTIATE_TEST_SUITE_P(All, TinyGgufFiles, testing::ValuesIn(tiny_gguf_files()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace estoc
