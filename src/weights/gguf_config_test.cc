// What GGUF metadata and names become under Hugging Face's spelling.
#include "weights/gguf_config.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "weights/gguf_source.h"
#include "weights/gguf_writer.h"
#include "weights/test_naming_rules.h"
#include "weights/test_refusal.h"

namespace estoc {
namespace {

GgufWriter llama() {
  GgufWriter writer;
  writer.set("general.architecture", GgufValue::string("llama"));
  writer.set("llama.context_length", GgufValue::u32(8192)).set("llama.embedding_length", GgufValue::u32(8));
  writer.set("llama.block_count", GgufValue::u32(1)).set("llama.feed_forward_length", GgufValue::u32(24));
  writer.set("llama.attention.head_count", GgufValue::u32(2));
  writer.set("llama.attention.layer_norm_rms_epsilon", GgufValue::f32(1e-5f));
  writer.set("llama.rope.freq_base", GgufValue::f32(100000));
  return writer;
}

Json config_of(const GgufWriter& writer) {
  return gguf_from_memory(as_bytes(writer.text()), "m.gguf", test_naming_rules())->config();
}

TEST(GgufConfigTest, says_llama_as_config_json_does) {
  GgufWriter writer = llama();
  writer.set("llama.attention.head_count_kv", GgufValue::u32(1)).set("llama.rope.dimension_count", GgufValue::u32(4));
  writer.set("tokenizer.ggml.bos_token_id", GgufValue::u32(1)).set("tokenizer.ggml.eos_token_id", GgufValue::u32(2));
  writer.add_tensor("token_embd.weight", {10, 8}).add_tensor("output_norm.weight", {8});
  EXPECT_EQ(config_of(writer), parse_json(R"({"architectures": ["LlamaForCausalLM"], "model_type": "llama",
                 "max_position_embeddings": 8192, "hidden_size": 8, "num_hidden_layers": 1, "intermediate_size": 24,
                 "num_attention_heads": 2, "num_key_value_heads": 1, "rms_norm_eps": 1e-05, "rope_theta": 100000.0,
                 "vocab_size": 10, "tie_word_embeddings": true, "bos_token_id": 1, "eos_token_id": 2})"));
}

TEST(GgufConfigTest, fills_in_what_gguf_leaves_to_the_reader) {
  GgufWriter writer = llama();
  writer.add_tensor("token_embd.weight", {10, 8}).add_tensor("output.weight", {10, 8});
  const Json config = config_of(writer);
  EXPECT_EQ(*config.find("num_key_value_heads"), Json(2));
  EXPECT_EQ(*config.find("tie_word_embeddings"), Json(false));
  EXPECT_EQ(config.find("rope_scaling"), nullptr);
  EXPECT_EQ(config.find("partial_rotary_factor"), nullptr);
}

TEST(GgufConfigTest, windows_are_a_pattern_or_a_list) {
  GgufWriter writer = llama();
  writer.set("llama.attention.sliding_window_pattern", GgufValue::u32(6));
  EXPECT_EQ(*config_of(writer).find("sliding_window_pattern"), Json(6));
  EXPECT_EQ(config_of(writer).find("layer_types"), nullptr);
  writer = llama();
  writer.set("llama.attention.sliding_window_pattern", GgufValue::array<uint8_t>(7, {1, 0}));
  EXPECT_EQ(config_of(writer).find("sliding_window_pattern"), nullptr);
  EXPECT_EQ(*config_of(writer).find("layer_types"), parse_json(R"(["sliding_attention", "full_attention"])"));
}

TEST(GgufConfigTest, layers_that_predict_are_left_out) {
  GgufWriter writer = llama();
  writer.remove("llama.block_count");
  writer.set("llama.block_count", GgufValue::u32(4)).set("llama.nextn_predict_layers", GgufValue::u32(1));
  writer.set("llama.attention.head_count_kv", GgufValue::array<uint32_t>(4, {0, 2, 0, 2}));
  EXPECT_EQ(*config_of(writer).find("num_hidden_layers"), Json(3));
  EXPECT_EQ(*config_of(writer).find("num_key_value_heads"), parse_json("[0, 2, 0]"));
  writer.remove("llama.nextn_predict_layers");
  writer.set("llama.nextn_predict_layers", GgufValue::u32(9));
  EXPECT_EQ(*config_of(writer).find("num_hidden_layers"), Json(0));
}

TEST(GgufConfigTest, numbers_of_activations_have_no_architecture_before_them) {
  GgufWriter writer = llama();
  writer.set("xielu.beta", GgufValue::array<float>(6, {0.5f, 0.25f}));
  EXPECT_EQ(to_json(*config_of(writer).find("xielu_beta")), "[0.5,0.25]");
  writer.remove("xielu.beta");
  writer.set("xielu.beta", GgufValue::array<float>(6, {NAN}));
  expect_refused(ErrorCode::corrupt_file, "m.gguf: metadata key 'xielu.beta' is nan, expected a finite number",
                 [&] { config_of(writer); });
}

TEST(GgufConfigTest, factors_of_frequencies_are_longrope) {
  GgufWriter writer = llama();
  writer.set("llama.rope.scaling.original_context_length", GgufValue::u32(64));
  writer.set("llama.rope.scaling.attn_factor", GgufValue::f32(1.5f));
  writer.add_tensor("rope_factors_long.weight", {2}).add_tensor("rope_factors_short.weight", {2});
  EXPECT_EQ(to_json(*config_of(writer).find("rope_scaling")),
            to_json(parse_json(R"({"short_factor": [0.5, 1], "long_factor": [0.5, 1], "rope_type": "longrope",
                                   "original_max_position_embeddings": 64, "attention_factor": 1.5})")));
}

// Of heads as they are in older files, of latents with the heads' beside them in newer ones, and of neither.
TEST(GgufConfigTest, says_widths_of_heads_that_share_latents) {
  const auto widths = [](const GgufWriter& writer) {
    const Json config = config_of(writer);
    EXPECT_EQ(config.find("partial_rotary_factor"), nullptr);
    std::vector<int64_t> found;
    for (const char* key : {"qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim"}) {
      found.push_back(config.find(key)->as_int());
    }
    return found;
  };
  const auto set = [](GgufWriter& writer, const char* key, uint32_t value) {
    writer.set(std::string("llama.") + key, GgufValue::u32(value));
  };
  GgufWriter writer = llama();
  set(writer, "attention.kv_lora_rank", 512);
  set(writer, "rope.dimension_count", 2);
  EXPECT_EQ(widths(writer), (std::vector<int64_t>{2, 2, 4}));
  set(writer, "attention.key_length", 192);
  set(writer, "attention.value_length", 128);
  EXPECT_EQ(widths(writer), (std::vector<int64_t>{190, 2, 128}));
  set(writer, "attention.key_length_mla", 96);
  set(writer, "attention.value_length_mla", 64);
  EXPECT_EQ(widths(writer), (std::vector<int64_t>{94, 2, 64}));
}

TEST(GgufConfigTest, keeps_explicit_head_dimension_and_partial_rotation) {
  GgufWriter writer = llama();
  writer.set("llama.attention.key_length", GgufValue::u32(16)).set("llama.rope.dimension_count", GgufValue::u32(8));
  const Json config = config_of(writer);
  EXPECT_EQ(*config.find("head_dim"), Json(16));
  EXPECT_EQ(config.find("partial_rotary_factor")->as_double(), 0.5);
}

TEST(GgufConfigTest, counts_partial_rotation_of_the_head_dimension_that_follows) {
  GgufWriter writer = llama();
  writer.set("llama.rope.dimension_count", GgufValue::u32(2));
  const Json config = config_of(writer);
  EXPECT_EQ(config.find("head_dim"), nullptr);  // 8 values of 2 heads
  EXPECT_EQ(config.find("partial_rotary_factor")->as_double(), 0.5);
}

TEST(GgufConfigTest, takes_the_vocabulary_from_the_tokens_without_tensors) {
  GgufWriter writer = llama();
  writer.set("tokenizer.ggml.tokens", GgufValue::strings({"a", "b", "c"}));
  EXPECT_EQ(*config_of(writer).find("vocab_size"), Json(3));
  EXPECT_EQ(config_of(writer).find("tie_word_embeddings"), nullptr);
}

TEST(GgufConfigTest, says_rope_scaling) {
  GgufWriter yarn = llama();
  yarn.set("llama.rope.scaling.type", GgufValue::string("yarn")).set("llama.rope.scaling.factor", GgufValue::f32(4));
  yarn.set("llama.rope.scaling.original_context_length", GgufValue::u32(2048));
  yarn.set("llama.rope.scaling.yarn_beta_fast", GgufValue::f32(32));
  EXPECT_EQ(*config_of(yarn).find("rope_scaling"),
            parse_json(R"({"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 2048,
                           "beta_fast": 32.0})"));
  GgufWriter legacy = llama();
  legacy.set("llama.rope.scale_linear", GgufValue::f32(2));
  EXPECT_EQ(*config_of(legacy).find("rope_scaling"), parse_json(R"({"rope_type": "linear", "factor": 2.0})"));
  for (const char* untyped : {"llama.rope.scaling.factor", "llama.rope.scale_linear"}) {
    GgufWriter writer = llama();
    writer.set(untyped, GgufValue::f32(8));
    EXPECT_EQ(*config_of(writer).find("rope_scaling"), parse_json(R"({"rope_type": "linear", "factor": 8.0})"));
    GgufWriter zero = llama();
    zero.set(untyped, GgufValue::f32(0));
    EXPECT_EQ(config_of(zero).find("rope_scaling"), nullptr);
  }
  GgufWriter none = llama();
  none.set("llama.rope.scaling.type", GgufValue::string("none"));
  EXPECT_EQ(config_of(none).find("rope_scaling"), nullptr);
  GgufWriter factors = llama();
  factors.add_tensor("rope_freqs.weight", {2});
  EXPECT_EQ(*config_of(factors).find("rope_freqs_tensor"), Json(true));
  EXPECT_EQ(config_of(llama()).find("rope_freqs_tensor"), nullptr);
}

TEST(GgufConfigTest, says_one_number_or_one_a_layer) {
  GgufWriter same = llama();
  same.set("llama.attention.head_count_kv", GgufValue::array<int32_t>(5, {2, 2, 2}));
  EXPECT_EQ(*config_of(same).find("num_key_value_heads"), Json(2));
  GgufWriter different = llama();
  different.set("llama.attention.head_count_kv", GgufValue::array<uint32_t>(4, {2, 1, 2}));
  EXPECT_EQ(*config_of(different).find("num_key_value_heads"), parse_json("[2, 1, 2]"));
}

TEST(GgufConfigTest, names_families_by_the_rules_and_refuses_others) {
  const auto family = [](std::string_view architecture) {
    const Json config = config_of(GgufWriter().set("general.architecture", GgufValue::string(architecture)));
    return config.find("architectures")->as_array()[0].as_string() + " " + config.find("model_type")->as_string();
  };
  EXPECT_EQ(family("llama"), "LlamaForCausalLM llama");
  EXPECT_EQ(family("plain"), "PlainForCausalLM plain_text");
  expect_refused(ErrorCode::unsupported,
                 "m.gguf: general.architecture 'quag?ga' is not supported (supported: llama, plain)",
                 [&] { family("quag\nga"); });
}

TEST(GgufConfigTest, collects_the_ends_of_text_and_the_recommended_sampling) {
  GgufWriter writer = llama();
  EXPECT_TRUE(gguf_from_memory(as_bytes(writer.text()), "m.gguf", test_naming_rules())->generation_config().is_null());
  writer.set("tokenizer.ggml.bos_token_id", GgufValue::u32(1)).set("tokenizer.ggml.eos_token_id", GgufValue::u32(2));
  writer.set("tokenizer.ggml.eot_token_id", GgufValue::u32(5)).set("tokenizer.ggml.eom_token_id", GgufValue::u32(2));
  writer.set("general.sampling.temp", GgufValue::f32(0.7f)).set("general.sampling.top_k", GgufValue::i32(20));
  EXPECT_EQ(gguf_from_memory(as_bytes(writer.text()), "m.gguf", test_naming_rules())->generation_config(),
            parse_json(R"({"bos_token_id": 1, "eos_token_id": [2, 5], "temperature": 0.7, "top_k": 20})"));
}

TEST(GgufConfigTest, reads_a_token_id_with_all_bits_set_as_none) {
  for (const GgufValue& none : {GgufValue::u32(UINT32_MAX), GgufValue::i32(-1), GgufValue::u64(UINT64_MAX)}) {
    GgufWriter writer = llama();
    for (const char* token : {"bos", "eos", "eot", "eom", "padding", "unknown"}) {
      writer.set(fmt::format("tokenizer.ggml.{}_token_id", token), none);
    }
    const std::string bytes = writer.text();
    const auto source = gguf_from_memory(as_bytes(bytes), "m.gguf", test_naming_rules());
    EXPECT_EQ(source->config().find("bos_token_id"), nullptr);
    EXPECT_TRUE(source->generation_config().is_null());
  }
}

TEST(GgufConfigTest, refuses_wrong_kinds_and_impossible_values) {
  const auto expect_bad = [](std::string_view key, GgufValue value, std::string_view words) {
    const GgufWriter writer = GgufWriter().set("general.architecture", GgufValue::string("llama")).set(key, value);
    expect_refused(ErrorCode::corrupt_file, words, [&] { config_of(writer); });
    expect_refused(ErrorCode::corrupt_file, key, [&] { config_of(writer); });
  };
  expect_bad("llama.block_count", GgufValue::string("two"), "is a string, expected an integer");
  expect_bad("llama.block_count", GgufValue::f32(2), "is a number, expected an integer");
  expect_bad("llama.block_count", GgufValue::i32(-1), "is -1");
  expect_bad("llama.block_count", GgufValue::u64(UINT64_MAX), "18446744073709551615");
  expect_bad("llama.attention.head_count", GgufValue::array<int32_t>(5, {2, -2}), "is -2");
  expect_bad("llama.rope.freq_base", GgufValue::f32(INFINITY), "expected a finite number");
  expect_bad("llama.rope.freq_base", GgufValue::boolean(true), "expected a number");
  expect_bad("tokenizer.ggml.eos_token_id", GgufValue::i32(-2), "is -2, expected a token id");
  expect_bad("tokenizer.ggml.bos_token_id", GgufValue::u32(0xFFFFFFFE), "is 4294967294, expected a token id");
  expect_bad("tokenizer.ggml.tokens", GgufValue::u32(3), "expected an array of strings");
  expect_refused(ErrorCode::corrupt_file, "'general.architecture' is missing", [] { config_of(GgufWriter()); });
}

TEST(GgufConfigTest, leaves_out_what_cannot_be_known_without_heads) {
  GgufWriter writer;
  writer.set("general.architecture", GgufValue::string("llama"));
  writer.set("llama.embedding_length", GgufValue::u32(8));
  const Json config = config_of(writer);
  EXPECT_EQ(*config.find("hidden_size"), Json(8));
  EXPECT_EQ(config.find("head_dim"), nullptr);
  EXPECT_EQ(config.find("num_key_value_heads"), nullptr);
}

TEST(GgufConfigTest, bounds_arrays_of_one_number_a_layer) {
  const auto heads_of = [](size_t layers) {
    GgufWriter writer = llama();
    writer.set("llama.attention.head_count_kv", GgufValue::array<uint32_t>(4, std::vector<uint32_t>(layers, 2)));
    return *config_of(writer).find("num_key_value_heads");
  };
  EXPECT_EQ(heads_of(65536), Json(2));
  expect_refused(ErrorCode::corrupt_file, "has 65537 items, expected at most 65536", [&] { heads_of(65537); });
}

TEST(GgufConfigTest, refuses_an_architecture_without_a_name) {
  expect_refused(ErrorCode::corrupt_file, "'general.architecture' is missing",
                 [] { config_of(GgufWriter().set("general.architecture", GgufValue::string(""))); });
}

}  // namespace
}  // namespace estoc
