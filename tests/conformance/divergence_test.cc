// Fast mode against exact mode on real text: mean KL divergence over 2,000 tokens of WikiText-2 by the demo model.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/mapped_file.h"
#include "base/thread_team.h"
#include "checkpoint/checkpoint.h"
#include "conformance/test_shared_data.h"
#include "models/model.h"

namespace estoc {
namespace {

const std::string kText = shared_path("text/wikitext2_test.txt");
constexpr int kWindow = 500, kWindows = 4, kChunk = 50;

// Feeds the window in chunks and calls each(row logits) for every position.
class WindowReader {
 public:
  WindowReader(const Model& model, KvType type, std::span<const TokenId> window)
      : model_(model),
        scratch_(model.make_scratch({.rows_max = kChunk, .logit_rows_max = kChunk})),
        kv_(model.info().state, type, (kWindow + 15) / 16),
        window_(window),
        blocks_(kWindow / 16 + 1) {
    std::iota(blocks_.begin(), blocks_.end(), 0u);
    logits_.resize(static_cast<size_t>(model.info().vocab) * kChunk);
  }
  // Logits of rows [begin, begin + kChunk).
  const float* chunk(int begin) {
    const BatchSequence sequence{0, kChunk, begin, blocks_};
    std::vector<int32_t> rows(kChunk);
    std::iota(rows.begin(), rows.end(), 0);
    model_.forward({window_.subspan(static_cast<size_t>(begin), kChunk), {&sequence, 1}, rows}, kv_, *scratch_,
                   logits_.data());
    return logits_.data();
  }

 private:
  const Model& model_;
  std::unique_ptr<ModelScratch> scratch_;
  StateStorage kv_;
  std::span<const TokenId> window_;
  std::vector<BlockId> blocks_;
  std::vector<float> logits_;
};

double divergence(const float* exact, const float* fast, size_t vocab) {
  const auto log_sum = [&](const float* row) {
    const double largest = *std::max_element(row, row + vocab);
    double sum = 0;
    for (size_t i = 0; i < vocab; ++i) sum += std::exp(row[i] - largest);
    return largest + std::log(sum);
  };
  const double exact_sum = log_sum(exact), fast_sum = log_sum(fast);
  double total = 0;
  for (size_t i = 0; i < vocab; ++i) {
    const double p = exact[i] - exact_sum;
    total += std::exp(p) * (p - (fast[i] - fast_sum));
  }
  return total;
}

double mean_divergence(Activations activations, KvType kv_type) {
  const Checkpoint checkpoint = open_checkpoint("demo");
  const auto tokens = checkpoint.tokenizer->encode(read_file(kText).substr(0, 40000));
  ThreadTeam team(2);
  const auto exact = load_model(*checkpoint.weights, team, {.compute = ComputeMode::exact});
  const auto fast = load_model(*checkpoint.weights, team, {.compute = ComputeMode::fast, .activations = activations});
  const auto vocab = static_cast<size_t>(exact->info().vocab);
  double total = 0;
  for (int w = 0; w < kWindows; ++w) {
    const std::span<const TokenId> window(tokens.data() + w * kWindow, kWindow);
    WindowReader exact_reader(*exact, KvType::f32, window), fast_reader(*fast, kv_type, window);
    for (int begin = 0; begin < kWindow; begin += kChunk) {
      const float* p = exact_reader.chunk(begin);
      const float* q = fast_reader.chunk(begin);
      for (size_t r = 0; r < kChunk; ++r) total += divergence(p + r * vocab, q + r * vocab, vocab);
    }
  }
  return total / (kWindow * kWindows);
}

TEST(Divergence, FastStaysCloseToExactOnRealText) {
  ESTOC_SKIP_WITHOUT(kText);
  ESTOC_SKIP_WITHOUT(cache_directory() + "/SmolLM2-135M-Instruct.Q4_1.gguf");
  const double int8 = mean_divergence(Activations::int8, KvType::f16);
  const double int16 = mean_divergence(Activations::int16, KvType::f16);
  const double bf16_kv = mean_divergence(Activations::int16, KvType::bf16);
  const double int8_kv = mean_divergence(Activations::int16, KvType::int8);
  std::printf(
      "  mean KL divergence over %d tokens: int8 activations %.5f, int16 %.6f; with bf16 keys and values %.6f,"
      " int8 %.6f\n",
      kWindow * kWindows, int8, int16, bf16_kv, int8_kv);
  EXPECT_LT(int8, 0.01);
  EXPECT_LT(int16, 0.001);
  EXPECT_LT(bf16_kv, 0.001);
  EXPECT_LT(int8_kv, 0.002);
}

}  // namespace
}  // namespace estoc
