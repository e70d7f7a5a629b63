// What holds for families with latent attention beside their goldens: what they keep, what they refuse, and matrices
// whose format has blocks.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <list>
#include <numeric>
#include <vector>

#include "base/thread_team.h"
#include "models/family.h"
#include "models/model.h"
#include "models/single_sequence.h"
#include "models/test_tiny_models.h"
#include "weights/memory_source.h"
#include "weights/test_refusal.h"

namespace estoc {
namespace {

std::unique_ptr<WeightSource> open(const std::string& name) {
  return open_weights(kGolden + "models/" + name, naming_rules());
}

// Another source's model, whose config and formats may be changed.
class Changed final : public MemorySource {
 public:
  explicit Changed(const WeightSource& source) : MemorySource("changed", source.container()) {
    config_ = source.config();
    tensors_.assign(source.tensors().begin(), source.tensors().end());
  }
  void set(std::string_view key, Json value) { config_.set(key, std::move(value)); }
  // Tensors whose names end so, rounded to `rounded` and kept as `format`.
  void keep(std::string_view ending, const QuantFormat& rounded, const QuantFormat& format) {
    for (WeightTensor& tensor : tensors_) {
      if (!tensor.name.ends_with(ending)) continue;
      const auto count = static_cast<size_t>(tensor.element_count());
      std::vector<float> values(count);
      for (int64_t r = 0; r < tensor.rows(); ++r) tensor.decode_row(r, values.data() + r * tensor.columns());
      std::vector<std::byte> blocks(static_cast<size_t>(rounded.row_bytes(std::ssize(values))));
      rounded.encode(values.data(), blocks.data(), std::ssize(values));
      rounded.decode(blocks.data(), values.data(), std::ssize(values));
      std::vector<std::byte>& bytes = bytes_.emplace_back(static_cast<size_t>(format.row_bytes(std::ssize(values))));
      format.encode(values.data(), bytes.data(), std::ssize(values));
      tensor.format = &format;
      tensor.bytes = bytes;
    }
  }

 private:
  std::list<std::vector<std::byte>> bytes_;
};

std::vector<float> logits_of(const WeightSource& weights, ThreadTeam& team, ComputeMode mode, int chunk) {
  const auto model = load_model(weights, team, {.compute = mode, .activations = Activations::int16});
  std::vector<TokenId> prompt(40);
  for (size_t i = 0; i < prompt.size(); ++i) prompt[i] = static_cast<TokenId>(i * 37 % 128);
  SingleSequence sequence(*model, KvType::f32, 40, chunk);
  std::vector<float> all;
  for (size_t at = 0; at < prompt.size(); at += static_cast<size_t>(chunk)) {
    const auto logits = sequence.forward(std::span(prompt).subspan(at, static_cast<size_t>(chunk)));
    all.insert(all.end(), logits.begin(), logits.end());
  }
  return all;
}

TEST(Latent, KeepsOneVectorAPosition) {
  for (const auto& [name, kept] : {std::pair("deepseek_v2_like", 32 + 16), {"deepseek_v3_like", 96 + 32}}) {
    const ModelInfo info = describe_model(*open(name), ComputeMode::fast, WeightType::as_stored);
    const auto values = static_cast<uint64_t>(info.layers * kKvBlockTokens * kept);
    EXPECT_EQ(info.state.position_block_bytes(KvType::f32), 4 * values) << name;
    EXPECT_EQ(info.state.position_block_bytes(KvType::bf16), 2 * values) << name;
  }
}

TEST(Latent, OfOtherSizesIsRefusedOnDevicesByName) {
  expect_refused(ErrorCode::unsupported, "'model.layers.0.self_attn' keeps latents not of a multiple of 64 up to 512",
                 [] { (void)device_weight_bytes(*open("deepseek_v3_like"), 0, 2); });
}

TEST(Latent, RefusesWhatItDoesNotCompute) {
  const auto source = open("deepseek_v2_like");
  const auto refused = [&](ErrorCode code, std::string_view sentence, std::string_view key, Json value) {
    Changed changed(*source);
    changed.set(key, std::move(value));
    expect_refused(code, sentence, [&] { (void)describe_model(changed, ComputeMode::fast, WeightType::as_stored); });
  };
  refused(ErrorCode::unsupported, "topk_method 'best' is not supported (greedy, group_limited_greedy are)",
          "topk_method", "best");
  refused(ErrorCode::unsupported, "norm_topk_prob is not computed with a softmax over all experts", "norm_topk_prob",
          true);
  refused(ErrorCode::unsupported, "kv_lora_rank and qk_rope_head_dim are 592 together: up to 576 are computed",
          "kv_lora_rank", 576);
  refused(ErrorCode::corrupt_file, "qk_rope_head_dim is 15, expected an even number", "qk_rope_head_dim", 15);
  refused(ErrorCode::corrupt_file, "mlp_layer_types is not a list of 'dense' and 'sparse' for 2 layers",
          "mlp_layer_types", Json::Array{"dense", "thin"});
}

// Blocks along a row of kv_b_proj cannot be turned: exact mode decodes them, fast mode rounds what it turned anew.
TEST(Latent, ExpandsByMatricesOfBlocks) {
  ThreadTeam team(2);
  const auto source = open("deepseek_v3_like");
  const QuantFormat& q8_0 = *find_format("q8_0");
  Changed blocks(*source), decoded(*source);
  blocks.keep("kv_b_proj.weight", q8_0, q8_0);
  decoded.keep("kv_b_proj.weight", q8_0, f32);
  const auto expected = logits_of(decoded, team, ComputeMode::exact, 40);
  EXPECT_EQ(logits_of(blocks, team, ComputeMode::exact, 40), expected);
  const auto [low, high] = std::ranges::minmax_element(expected);
  for (const int chunk : {40, 1}) {
    const auto fast = logits_of(blocks, team, ComputeMode::fast, chunk);
    double squares = 0;
    for (size_t i = 0; i < fast.size(); ++i) squares += std::pow(fast[i] - expected[i], 2);
    EXPECT_LT(std::sqrt(squares / static_cast<double>(fast.size())), 0.02 * double{*high - *low}) << chunk;
  }
}

}  // namespace
}  // namespace estoc
