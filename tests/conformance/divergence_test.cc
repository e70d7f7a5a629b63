// Fast mode against exact mode on real text: mean KL divergence over 2,000 tokens of WikiText-2 by the demo model.
#include <algorithm>
#include <cmath>

#include "base/home_folders.h"
#include "base/mapped_file.h"
#include "base/thread_team.h"
#include "checkpoint/checkpoint.h"
#include "conformance/test_shared_data.h"
#include "models/single_sequence.h"

namespace estoc {
namespace {

const std::string kText = shared_path("text/wikitext2_test.txt");
constexpr int kWindow = 500, kWindows = 4, kChunk = 50;

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
    SingleSequence exact_window(*exact, KvType::f32, kWindow, kChunk), fast_window(*fast, kv_type, kWindow, kChunk);
    for (size_t begin = 0; begin < kWindow; begin += kChunk) {
      const auto p = exact_window.forward(window.subspan(begin, kChunk));
      const auto q = fast_window.forward(window.subspan(begin, kChunk));
      for (size_t r = 0; r < kChunk; ++r) total += divergence(&p[r * vocab], &q[r * vocab], vocab);
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
