// A model whose layers see two different stretches of the past, each with tables of blocks of its own.
#include <gtest/gtest.h>

#include <filesystem>
#include <numeric>

#include "base/mapped_file.h"
#include "base/test_directory.h"
#include "base/thread_team.h"
#include "models/family.h"
#include "models/model.h"
#include "weights/weight_source.h"

namespace estoc {
namespace {

constexpr int kPromptTokens = 70;
constexpr int kBlocks = (kPromptTokens + kKvBlockTokens - 1) / kKvBlockTokens;

// qwen3_like with a window in its last layer only.
class TwoGroups : public testing::Test {
 protected:
  TwoGroups() {
    const std::string folder = directory_.path() + "/model";
    std::filesystem::copy(ESTOC_SOURCE_DIR "/tests/golden/models/qwen3_like", folder);
    Json config = parse_json(read_file(folder + "/config.json"));
    config.set("use_sliding_window", true);
    config.set("sliding_window", 8);
    config.set("max_window_layers", 1);
    directory_.write("model/config.json", to_json(config));
    weights_ = open_weights(folder, naming_rules());
    model_ = load_model(*weights_, team_, {.compute = ComputeMode::exact});
    for (size_t i = 0; i < prompt_.size(); ++i) {
      prompt_[i] = static_cast<TokenId>(i * 37 % static_cast<size_t>(model_->info().vocab));
    }
  }

  // The logits of the prompt's last token, computed in chunks. `tables` are those of the groups, one behind the other;
  // `wants_all` asks for the logits of every row, so that the last layer computes all of them.
  std::vector<float> last_logits(std::span<const BlockId> tables, int stride, int chunk, bool wants_all) {
    StateStorage kv(model_->info().state, KvType::f32, kBlocks);
    const auto vocab = static_cast<size_t>(model_->info().vocab);
    std::vector<float> logits(vocab * kPromptTokens);
    const auto scratch = model_->make_scratch({.rows_max = kPromptTokens});
    size_t last = 0;
    for (int begin = 0; begin < kPromptTokens; begin += chunk) {
      const int rows = std::min(chunk, kPromptTokens - begin);
      const BatchSequence sequence{0, rows, begin, tables, stride};
      std::vector<int32_t> wanted(wants_all ? static_cast<size_t>(rows) : 1);
      std::iota(wanted.begin(), wanted.end(), wants_all ? 0 : rows - 1);
      const std::span<const TokenId> tokens(prompt_.data() + begin, static_cast<size_t>(rows));
      model_->forward({tokens, {&sequence, 1}, wanted}, kv, *scratch, logits.data());
      last = wanted.size() - 1;
    }
    const auto start = logits.begin() + static_cast<std::ptrdiff_t>(last * vocab);
    return {start, start + static_cast<std::ptrdiff_t>(vocab)};
  }

  TemporaryDirectory directory_;
  ThreadTeam team_{2};
  std::unique_ptr<WeightSource> weights_;
  std::unique_ptr<Model> model_;
  std::vector<TokenId> prompt_ = std::vector<TokenId>(kPromptTokens);
};

TEST_F(TwoGroups, AreToldByTheWindows) {
  const StateLayout& state = model_->info().state;
  ASSERT_EQ(state.group_count(), 2);
  EXPECT_EQ(state.groups()[1].window, 8);
  EXPECT_EQ(state.group_of(state.layer_count() - 1), 1);
}

TEST_F(TwoGroups, EachReadsItsOwnBlocksAlsoForTheSampledRowsOfTheLastLayer) {
  std::vector<BlockId> same(kBlocks), tables(2 * kBlocks);
  std::iota(same.begin(), same.end(), 0u);
  for (int b = 0; b < kBlocks; ++b) {
    tables[static_cast<size_t>(b)] = static_cast<BlockId>(b);
    tables[static_cast<size_t>(kBlocks + b)] = static_cast<BlockId>((b + 2) % kBlocks);
  }
  const std::vector<float> expected = last_logits(same, 0, kPromptTokens, true);
  for (const bool wants_all : {true, false}) {
    for (const int chunk : {kPromptTokens, 33, 16, 5, 1}) {
      const std::vector<float> got = last_logits(tables, kBlocks, chunk, wants_all);
      for (size_t i = 0; i < got.size(); ++i) {
        ASSERT_NEAR(got[i], expected[i], 1e-4) << "chunks of " << chunk << (wants_all ? "" : ", last row only");
      }
    }
  }
}

}  // namespace
}  // namespace estoc
