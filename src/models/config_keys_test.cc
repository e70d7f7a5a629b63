// Configs that ask for what no family computes.
#include "models/config_keys.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "base/mapped_file.h"
#include "base/test_directory.h"
#include "models/family.h"
#include "models/model.h"
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
    Json config = config_;
    config.set(key, std::move(value));
    directory_.write("model/config.json", to_json(config));
    return describe_model(*open_weights(path(), naming_rules()), ComputeMode::exact);
  }

 private:
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
  expect_refused(ErrorCode::unsupported, "rope_scaling.attention_factor (1.2)",
                 with("rope_scaling", R"({"type": "linear", "factor": 2, "attention_factor": 1.2})"));
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

TEST(ConfigKeys, AHeadSizeThatFollowsFromOthersIsBounded) {
  const Folder folder;
  expect_refused(ErrorCode::corrupt_file, "config.json: head_dim is missing and would be 1024 by the other values",
                 [&] { folder.describe("hidden_size", 4096); });
}

}  // namespace
}  // namespace estoc
