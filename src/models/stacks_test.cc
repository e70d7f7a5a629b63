// A model in several stacks computes what it computes in one.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numeric>

#include "base/error.h"
#include "base/thread_team.h"
#include "kernels/kernels.h"
#include "models/family.h"
#include "models/model.h"
#include "weights/test_refusal.h"
#include "weights/weight_source.h"

namespace estoc {
namespace {

constexpr int kPromptTokens = 45;

class Stacks : public testing::TestWithParam<const char*> {
 protected:
  // Logits of every second token, so that the last stack picks rows, in chunks of 20.
  std::vector<float> logits(const std::vector<StackPlace>& places, ComputeMode mode = ComputeMode::fast) {
    const auto model = load_model(*weights_, team_, {.compute = mode, .places = places});
    const auto vocab = static_cast<size_t>(model->info().vocab);
    StateStorage kv(model->info().state, KvType::f32, 3);
    const std::vector<BlockId> blocks = {2, 0, 1};
    const auto scratch = model->make_scratch({.rows_max = 20});
    std::vector<float> all, some(vocab * 20);
    for (int begin = 0; begin < kPromptTokens; begin += 20) {
      const int rows = std::min(20, kPromptTokens - begin);
      std::vector<TokenId> tokens;
      std::vector<int32_t> wanted;
      for (int row = 0; row < rows; ++row) {
        tokens.push_back(static_cast<TokenId>(static_cast<size_t>((begin + row) * 37) % vocab));
        if (row % 2 == 1) wanted.push_back(row);
      }
      const BatchSequence sequence{0, rows, begin, blocks};
      model->forward({tokens, {&sequence, 1}, wanted}, kv, *scratch, some.data());
      all.insert(all.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(wanted.size() * vocab));
    }
    return all;
  }

  int layer_count() const { return describe_model(*weights_, ComputeMode::fast).layers; }
  size_t vocab() const { return static_cast<size_t>(describe_model(*weights_, ComputeMode::fast).vocab); }

  const std::unique_ptr<WeightSource> weights_ =
      open_weights(std::string(ESTOC_SOURCE_DIR "/tests/golden/models/") + GetParam(), naming_rules());
  ThreadTeam team_{2};
};

bool is_same(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// Of each row [vocab].
std::vector<double> log_softmax(const std::vector<float>& logits, size_t vocab) {
  std::vector<double> result;
  for (size_t row = 0; row < logits.size(); row += vocab) {
    const float* const values = logits.data() + row;
    const double largest = *std::max_element(values, values + vocab);
    double sum = 0;
    for (size_t i = 0; i < vocab; ++i) sum += std::exp(values[i] - largest);
    for (size_t i = 0; i < vocab; ++i) result.push_back(values[i] - largest - std::log(sum));
  }
  return result;
}

TEST_P(Stacks, SplitAnywhereTheBitsAreTheSame) {
  const std::vector<float> whole = logits({});
  for (int split = 1; split < layer_count(); ++split) {
    EXPECT_TRUE(is_same(logits({{split}, {layer_count()}}), whole)) << split;
  }
}

TEST_P(Stacks, TheSecondOnTheReferenceIsClose) {
  const std::vector<double> whole = log_softmax(logits({}, ComputeMode::exact), vocab());
  for (int split = 1; split < layer_count(); ++split) {
    const auto mixed = log_softmax(logits({{split}, {layer_count(), "cpu:scalar"}}, ComputeMode::exact), vocab());
    ASSERT_EQ(mixed.size(), whole.size());
    double worst = 0;
    for (size_t i = 0; i < whole.size(); ++i) worst = std::max(worst, std::abs(mixed[i] - whole[i]));
    EXPECT_LT(worst, 1e-4) << split;
  }
}

// The kernels belong to a stack: with all of them on the reference, the level of the process shows nowhere in the
// layers.
TEST_P(Stacks, AllOnTheReferenceHaveItsBits) {
  ASSERT_TRUE(kernels::force_isa(kernels::Isa::scalar));
  const std::vector<float> whole = logits({});
  for (int split = 1; split < layer_count(); ++split) {
    EXPECT_TRUE(is_same(logits({{split, "cpu:scalar"}, {layer_count(), "cpu:scalar"}}), whole)) << split;
  }
  kernels::force_isa(kernels::best_isa());
}

TEST_P(Stacks, PlacesCoverAllLayersOnce) {
  const auto refused = [&](const char* sentence, std::vector<StackPlace> places) {
    expect_refused(ErrorCode::invalid_argument, sentence, [&] { logits(places); });
  };
  refused("the places cover 1 of", {{1}});
  refused("a place ends at layer 1, expected 2 to", {{1}, {1}, {layer_count()}});
  refused("a place ends at layer 1000, expected 1 to", {{1000}});
  refused("the place 'gpu:7' is not known, expected cpu, cpu:LEVEL, cuda, hip or emulator", {{layer_count(), "gpu:7"}});
  refused("the level 'neon' is unknown, expected scalar", {{layer_count(), "cpu:neon"}});
}

INSTANTIATE_TEST_SUITE_P(TinyModels, Stacks,
                         testing::Values("llama2_like", "qwen3_like", "qwen3_windows_like", "lfm2_like"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace estoc
