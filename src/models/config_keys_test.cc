// Configs that ask for what no family computes.
#include "models/config_keys.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "base/mapped_file.h"
#include "base/test_directory.h"
#include "models/family.h"
#include "models/model.h"
#include "models/test_tiny_gguf.h"
#include "weights/gguf_keys.h"
#include "weights/gguf_source.h"
#include "weights/gguf_writer.h"
#include "weights/test_refusal.h"

namespace estoc {
namespace {

constexpr int kHeadDim = 8;  // of llama2_like

// llama2_like with other values in config.json.
class Folder {
 public:
  Folder() {
    std::filesystem::copy(ESTOC_SOURCE_DIR "/tests/golden/models/llama2_like", path());
    config_ = parse_json(read_file(path() + "/config.json"));
  }
  std::string path() const { return directory_.path() + "/model"; }
  ModelInfo describe(const std::string& key, Json value) const {
    return describe_model(*open(with(key, std::move(value))), ComputeMode::exact);
  }
  std::vector<std::string> unknown(const Json& config) const { return unknown_keys(*open(config)); }
  std::vector<std::string> unknown(const std::string& key, Json value) const {
    return unknown(with(key, std::move(value)));
  }

 private:
  Json with(const std::string& key, Json value) const {
    Json config = config_;
    config.set(key, std::move(value));
    return config;
  }
  std::unique_ptr<WeightSource> open(const Json& config) const {
    directory_.write("model/config.json", to_json(config));
    return open_weights(path(), naming_rules());
  }

  TemporaryDirectory directory_;
  Json config_;
};

struct KeyCase {
  const char* key;
  const char* refused;  // a value
  const char* neutral;  // a value
};

TEST(ConfigKeys, AreRefusedByNameUnlessNeutral) {
  const Folder folder;
  const std::string scale = std::to_string(1 / std::sqrt(double{kHeadDim}));
  const KeyCase cases[] = {
      {"partial_rotary_factor", "0.5", "1.0"},
      {"residual_multiplier", "0.22", "1"},
      {"attention_multiplier", "0.015625", scale.c_str()},
      {"embedding_multiplier", "12.0", "1.0"},
      {"logits_scaling", "8", "1"},
      {"logit_scale", "0.0625", "1.0"},
      {"attn_logit_softcapping", "50.0", "0"},
      {"final_logit_softcapping", "30.0", "0.0"},
      {"query_pre_attn_scalar", "256", "8"},
      {"v_head_dim", "16", "8"},
      {"use_qk_norm", "true", "false"},
      {"clip_qkv", "8.0", "0"},
      {"num_local_experts", "8", "0"},
      {"no_rope_layers", "[1, 0]", "[1, 1]"},
      {"layer_types", R"(["full_attention", "sliding_attention"])", R"(["full_attention", "full_attention"])"},
      {"use_sliding_window", "true", "false"},
      {"is_causal", "false", "true"},
      {"mrope_section", "[1, 1, 2]", "[]"},
  };
  for (const KeyCase& test : cases) {
    SCOPED_TRACE(test.key);
    const auto refused = [&] { folder.describe(test.key, parse_json(test.refused)); };
    expect_refused(ErrorCode::unsupported, "model/config.json: " + std::string(test.key) + " (", refused);
    EXPECT_EQ(folder.describe(test.key, parse_json(test.neutral)).head_dim, kHeadDim);
    EXPECT_EQ(folder.describe(test.key, Json()).head_dim, kHeadDim);
  }
}

TEST(ConfigKeys, OfRopeScalingToo) {
  const Folder folder;
  const auto with = [&](const char* parent, const char* value) {
    return [&folder, parent, value] { folder.describe(parent, parse_json(value)); };
  };
  expect_refused(ErrorCode::unsupported, "rope_parameters.partial_rotary_factor (0.5)",
                 with("rope_parameters", R"({"rope_type": "default", "partial_rotary_factor": 0.5})"));
  expect_refused(ErrorCode::unsupported, "rope_parameters.full_attention (",
                 with("rope_parameters", R"({"full_attention": {"rope_theta": 1e6}})"));
  expect_refused(ErrorCode::unsupported, "rope_scaling.attention_factor (1.2) is not computed",
                 with("rope_scaling", R"({"type": "linear", "factor": 2, "attention_factor": 1.2})"));
  expect_refused(ErrorCode::unsupported, "rope_scaling.llama_4_scaling_beta (0.1)",
                 with("rope_scaling", R"({"type": "linear", "factor": 2, "llama_4_scaling_beta": 0.1})"));
  with("rope_parameters", R"({"rope_type": "default", "partial_rotary_factor": 1, "attention_factor": 1.0})")();
}

TEST(ConfigKeys, NamesAllAtOnce) {
  const Folder folder;
  const auto both = [&] { folder.describe("scale_emb", parse_json("12")); };
  expect_refused(ErrorCode::unsupported, "what this asks for is not computed in the family 'llama'", both);
}

TEST(ConfigKeys, OfAGgufFileAreSpelledAsThere) {
  GgufWriter llama;
  llama.set("general.architecture", GgufValue::string("llama")).set("llama.block_count", GgufValue::u32(1));
  llama.set("llama.embedding_length", GgufValue::u32(16)).set("llama.feed_forward_length", GgufValue::u32(8));
  llama.set("llama.attention.head_count", GgufValue::u32(2)).set("llama.vocab_size", GgufValue::u32(4));
  const auto describe = [](const GgufWriter& writer) {
    const std::string bytes = writer.text();
    describe_model(*gguf_from_memory(as_bytes(bytes), "m.gguf", naming_rules()), ComputeMode::exact);
  };
  const std::pair<const char*, GgufValue> uncomputed[] = {
      {"llama.rope.dimension_count", GgufValue::u32(4)},
      {"llama.attention.scale", GgufValue::f32(0.5f)},
      {"llama.embedding_scale", GgufValue::f32(12)},
      {"llama.residual_scale", GgufValue::f32(0.22f)},
      {"llama.logit_scale", GgufValue::f32(8)},
      {"llama.attention.value_length", GgufValue::u32(16)},
      {"llama.attn_logit_softcapping", GgufValue::f32(50)},
      {"llama.final_logit_softcapping", GgufValue::f32(30)},
      {"llama.use_parallel_residual", GgufValue::boolean(true)},
      {"llama.attention.causal", GgufValue::boolean(false)},
  };
  for (const auto& [key, value] : uncomputed) {
    GgufWriter writer = llama;
    writer.set(key, value);
    expect_refused(ErrorCode::unsupported, std::string("m.gguf: ") + key + " (", [&] { describe(writer); });
  }
  // 0 says "none" there.
  for (const char* key : {"llama.attention.scale", "llama.embedding_scale", "llama.residual_scale", "llama.logit_scale",
                          "llama.attn_logit_softcapping"}) {
    GgufWriter writer = llama;
    writer.set(key, GgufValue::f32(0));
    describe(writer);
  }
}

// What TinyGguf says and `key`.
std::string tiny_gguf_with(const std::string& key, GgufValue value) {
  return TinyGguf::keys().set("llama.vocab_size", GgufValue::u32(4)).set(key, std::move(value)).text();
}

TEST(ConfigKeys, ThatOnlyGgufHasFollowTheSameRule) {
  const auto describe = [](const std::string& key, GgufValue value) {
    const std::string bytes = tiny_gguf_with(key, std::move(value));
    const auto source = gguf_from_memory(as_bytes(bytes), "m.gguf", naming_rules());
    return describe_model(*source, ComputeMode::exact).layers;
  };
  const std::tuple<const char*, GgufValue, const char*> changing[] = {
      {"llama.ssm.conv_kernel", GgufValue::u32(4), "4"},
      {"llama.attention.output_scale", GgufValue::f32(0.5f), "0.5"},
      {"llama.swin_norm", GgufValue::boolean(true), "true"},
      {"llama.swiglu_clamp_exp", GgufValue::array<float>(6, {0, 7}), "2 values"},
      {"llama.attention.relative_buckets_count", GgufValue::string("x"), "x"},
  };
  for (const auto& [key, value, shown] : changing) {
    expect_refused(ErrorCode::unsupported,
                   std::string("m.gguf: ") + key + " (" + shown + "): what this asks for is not",
                   [&] { describe(key, value); });
  }
  EXPECT_EQ(describe("llama.ssm.conv_kernel", GgufValue::u32(0)), TinyGguf::kLayers);
  EXPECT_EQ(describe("llama.swin_norm", GgufValue::boolean(false)), TinyGguf::kLayers);
  EXPECT_EQ(describe("llama.swiglu_clamp_exp", GgufValue::array<float>(6, {0, 0})), TinyGguf::kLayers);
  EXPECT_EQ(describe("qwen3.ssm.conv_kernel", GgufValue::u32(4)), TinyGguf::kLayers) << "another architecture's";
}

TEST(ConfigKeys, InNoListAreNamed) {
  using Keys = std::vector<std::string>;
  const auto of_gguf = [](const std::string& key) {
    const std::string bytes = tiny_gguf_with(key, GgufValue::u32(1));
    return unknown_keys(*gguf_from_memory(as_bytes(bytes), "m.gguf", naming_rules()));
  };
  EXPECT_EQ(of_gguf("llama.new_thing"), Keys{"llama.new_thing"});
  EXPECT_EQ(of_gguf("llama.rope.new_thing"), Keys{"llama.rope.new_thing"});
  for (const char* known : {"llama.expert_gating_func", "llama.ssm.conv_kernel", "llama.tensor_data_layout",
                            "llama.rope.freq_base", "general.new_thing", "tokenizer.ggml.new_thing"}) {
    EXPECT_EQ(of_gguf(known), Keys{}) << known;
  }
  const Folder folder;
  EXPECT_EQ(folder.unknown("new_thing", 1), Keys{"new_thing"});
  EXPECT_EQ(folder.unknown("new_thing", Json()), Keys{});
  EXPECT_EQ(folder.unknown("num_experts", 2), Keys{});
  EXPECT_EQ(folder.unknown("rope_scaling", parse_json(R"({"type": "linear", "factor": 2, "new_thing": 1})")),
            Keys{"rope_scaling.new_thing"});
}

// Else a family that reads such a key would refuse it, or one that does not would warn of a key that is known.
TEST(ConfigKeys, OfEveryGgufKeyWithATranslationAreListed) {
  Json config;
  for (const GgufKey& key : gguf_model_keys()) config.set(key.hugging_face, 1);
  Json scaling;
  for (const GgufKey& key : gguf_rope_scaling_keys()) scaling.set(key.hugging_face, 1);
  config.set("rope_scaling", scaling);
  const Folder folder;
  EXPECT_EQ(folder.unknown(config), std::vector<std::string>{});
}

TEST(ConfigKeys, AHeadSizeThatFollowsFromOthersIsBounded) {
  const Folder folder;
  expect_refused(ErrorCode::corrupt_file, "config.json: head_dim is missing and would be 1024 by the other values",
                 [&] { folder.describe("hidden_size", 4096); });
}

}  // namespace
}  // namespace estoc
