// Every metadata key that the loader reads, with every kind of value: the file loads and computes, or it is refused
// with one sentence that names the key.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/error.h"
#include "base/test_directory.h"
#include "base/thread_team.h"
#include "checkpoint/checkpoint.h"
#include "models/model.h"
#include "models/test_tiny_gguf.h"
#include "tokenizer/byte_level.h"

namespace estoc {
namespace {

// What a key may be set to instead of its value; nothing leaves it out.
const std::vector<std::pair<std::string, std::optional<GgufValue>>>& odd_values() {
  static const std::vector<std::pair<std::string, std::optional<GgufValue>>> values = {
      {"missing", std::nullopt},
      {"text", GgufValue::string("x")},
      {"empty text", GgufValue::string("")},
      {"0", GgufValue::u32(0)},
      {"1", GgufValue::u32(1)},
      {"3", GgufValue::u32(3)},
      {"2^32-1", GgufValue::u32(UINT32_MAX)},
      {"-1", GgufValue::i32(-1)},
      {"-2^31", GgufValue::i32(INT32_MIN)},
      {"2^40", GgufValue::u64(uint64_t{1} << 40)},
      {"2^64-1", GgufValue::u64(UINT64_MAX)},
      {"0.0", GgufValue::f32(0)},
      {"0.5", GgufValue::f32(0.5f)},
      {"-1.0", GgufValue::f32(-1)},
      {"1e300", GgufValue::scalar(12, 1e300)},
      {"infinity", GgufValue::f32(INFINITY)},
      {"NaN", GgufValue::f32(NAN)},
      {"true", GgufValue::boolean(true)},
      {"no numbers", GgufValue::array<uint32_t>(4, {})},
      {"numbers", GgufValue::array<uint32_t>(4, {1, 2})},
      {"negatives", GgufValue::array<int32_t>(5, {-1, -1})},
      {"reals", GgufValue::array<float>(6, {NAN, 1})},
      {"flags", GgufValue::array<uint8_t>(7, {1, 0})},
      {"no texts", GgufValue::strings({})},
      {"texts", GgufValue::strings({"x", ""})},
  };
  return values;
}

using Names = std::set<std::string>;

Names operator+(Names a, const Names& b) {
  a.insert(b.begin(), b.end());
  return a;
}

Names operator-(Names names, const std::string& name) {
  names.erase(name);
  return names;
}

const Names kIntegers = {"0", "1", "3", "2^32-1", "-1", "-2^31", "2^40", "2^64-1"};
const Names kNumbers = kIntegers + Names{"0.0", "0.5", "-1.0", "1e300"};
const Names kTokens = {"0", "1", "3", "2^32-1", "-1", "2^64-1", "missing"};  // with all bits set there is no such token

Names any_value() {
  Names names;
  for (const auto& [name, value] : odd_values()) names.insert(name);
  return names;
}

struct KeyRow {
  std::string key;
  Names loads;                     // values it loads with; all others are refused
  std::vector<std::string> words;  // of the message, one of them at least; empty stands for the key
};

using Keys = std::map<std::string, std::optional<GgufValue>>;

Keys byte_level_keys() {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.push_back(spelling_of_bytes(std::string(1, static_cast<char>(byte))));
  for (const char* token : {"he", "<s>", "</s>"}) tokens.emplace_back(token);
  std::vector<int32_t> types(tokens.size(), 1);
  types[257] = types[258] = 3;
  return {
      {"tokenizer.ggml.model", GgufValue::string("gpt2")},    {"tokenizer.ggml.pre", GgufValue::string("gpt-2")},
      {"tokenizer.ggml.tokens", GgufValue::strings(tokens)},  {"tokenizer.ggml.token_type", GgufValue::array(5, types)},
      {"tokenizer.ggml.merges", GgufValue::strings({"h e"})}, {"tokenizer.ggml.bos_token_id", GgufValue::u32(257)},
      {"tokenizer.ggml.eos_token_id", GgufValue::u32(258)}};
}

Keys sentencepiece_keys() {
  return {{"tokenizer.ggml.model", GgufValue::string("llama")},
          {"tokenizer.ggml.tokens", GgufValue::strings({"<unk>", "<s>", "</s>", "\u2581he", "h", "e", "\u2581"})},
          {"tokenizer.ggml.token_type", GgufValue::array<int32_t>(5, {2, 3, 3, 1, 1, 1, 1})},
          {"tokenizer.ggml.scores", GgufValue::array<float>(6, {0, 0, 0, -1, -2, -3, -4})},
          {"tokenizer.ggml.bos_token_id", GgufValue::u32(1)},
          {"tokenizer.ggml.eos_token_id", GgufValue::u32(2)},
          {"tokenizer.ggml.unknown_token_id", GgufValue::u32(0)}};
}

// The message of a refusal, or nothing.
std::string refusal(const TemporaryDirectory& directory, const Keys& keys) {
  GgufWriter writer = TinyGguf::keys();
  for (const auto& [key, value] : keys) {
    writer.remove(key);
    if (value) writer.set(key, *value);
  }
  TinyGguf::add_tensors(writer, 259);
  try {
    const Checkpoint checkpoint = open_checkpoint(directory.write("m.gguf", writer.text()));
    ThreadTeam team(1);
    const auto model = load_model(*checkpoint.weights, team, {.compute = ComputeMode::exact});
    const std::vector<TokenId> tokens = checkpoint.tokenizer->encode("he");
    if (tokens.empty()) return "";
    StateStorage kv(model->info().state, KvType::f32, 1);
    const BlockId block = 0;
    const BatchSequence sequence{0, 1, 0, {&block, 1}};
    const int32_t row = 0;
    std::vector<float> logits(static_cast<size_t>(model->info().vocab));
    model->forward({{tokens.data(), 1}, {&sequence, 1}, {&row, 1}}, kv, *model->make_scratch({.rows_max = 1}),
                   logits.data());
    for (const float logit : logits) EXPECT_TRUE(std::isfinite(logit));
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

void expect_table(const Keys& keys, std::initializer_list<KeyRow> table) {
  const TemporaryDirectory directory;
  ASSERT_EQ(refusal(directory, keys), "");
  for (const KeyRow& row : table) {
    for (const auto& [name, value] : odd_values()) {
      Keys changed = keys;
      changed[row.key] = value;
      const std::string message = refusal(directory, changed);
      SCOPED_TRACE(row.key + ", " + name + ": " + message);
      EXPECT_EQ(message.empty(), row.loads.contains(name));
      if (message.empty()) continue;
      EXPECT_NE(message.find("m.gguf: "), std::string::npos);
      EXPECT_EQ(message.find('\n'), std::string::npos);
      const std::vector<std::string> words = row.words.empty() ? std::vector{row.key} : row.words;
      EXPECT_TRUE(
          std::ranges::any_of(words, [&](const std::string& word) { return message.find(word) != std::string::npos; }));
    }
  }
}

TEST(GgufKeys, OfTheFileAndItsParts) {
  expect_table(byte_level_keys(), {
                                      {"general.architecture", {}, {"architecture"}},
                                      {"general.sampling.temp", kNumbers + Names{"missing"}, {}},
                                      {"general.sampling.top_k", kIntegers - "2^64-1" + Names{"missing"}, {}},
                                      {"general.sampling.top_p", kNumbers + Names{"missing"}, {}},
                                      {"general.sampling.min_p", kNumbers + Names{"missing"}, {}},
                                      {"general.sampling.penalty_repeat", kNumbers + Names{"missing"}, {}},
                                      {"split.count", {"0", "1", "missing"}, {}},
                                      {"split.tensors.count", {"missing"}, {}},
                                      {"tokenizer.chat_template", {"text", "empty text", "missing"}, {}},
                                  });
}

TEST(GgufKeys, OfTheShape) {
  expect_table(
      byte_level_keys(),
      {
          {"llama.vocab_size", {"0", "1", "3", "numbers", "missing"}, {}},  // the embedding says it
          {"llama.context_length", {"1", "3", "missing"}, {}},
          {"llama.embedding_length",
           {},
           {"llama.embedding_length", "llama.attention.key_length is missing and would be"}},
          {"llama.block_count", {"1"}, {"llama.block_count", "tensor 'model.layers.2."}},
          {"llama.feed_forward_length", {}, {"llama.feed_forward_length", "'blk.0.ffn_gate.weight' has shape"}},
          {"llama.attention.head_count", {}, {"attention.head_count", "'blk.0.attn_k.weight' has shape"}},
          {"llama.attention.head_count_kv", {"1"}, {"attention.head_count_kv", "'blk.0.attn_k.weight' has shape"}},
          {"llama.attention.key_length", {"missing"}, {}},
          {"llama.attention.value_length", {"missing"}, {}},
          {"llama.attention.sliding_window", {"0", "1", "3", "missing"}, {}},
          {"llama.attention.layer_norm_rms_epsilon", {"0", "1", "0.0", "0.5", "missing"}, {}},
      });
}

TEST(GgufKeys, OfPositionsAndWhatNobodyComputes) {
  const Names factors = {"0", "0.0", "0.5", "1", "3", "missing"};
  expect_table(byte_level_keys(), {
                                      {"llama.rope.freq_base", {"1", "3", "2^32-1", "2^40", "missing"}, {}},
                                      {"llama.rope.dimension_count", {"0", "missing"}, {}},
                                      {"llama.rope.scaling.type", {"missing"}, {}},
                                      {"llama.rope.scaling.factor", factors, {}},
                                      {"llama.rope.scale_linear", factors, {"llama.rope.scal"}},
                                      {"llama.rope.scaling.attn_factor", {"1", "missing"}, {}},
                                      {"llama.expert_count", {"0", "missing"}, {"llama.expert_"}},
                                      {"llama.attention.scale", {"0", "0.0", "missing"}, {}},
                                      {"llama.attention.causal", {"true", "missing"}, {}},
                                      {"llama.logit_scale", {"0", "0.0", "1", "missing"}, {}},
                                      {"llama.embedding_scale", {"0", "0.0", "1", "missing"}, {}},
                                      {"llama.residual_scale", {"0", "0.0", "1", "missing"}, {}},
                                  });
}

TEST(GgufKeys, OfAByteLevelVocabulary) {
  expect_table(byte_level_keys(), {
                                      {"tokenizer.ggml.model", {}, {}},
                                      {"tokenizer.ggml.pre", {"empty text", "missing"}, {}},
                                      {"tokenizer.ggml.tokens", {}, {"tokenizer.ggml.tok"}},
                                      {"tokenizer.ggml.token_type", {"no numbers", "missing"}, {}},
                                      {"tokenizer.ggml.merges", {}, {}},
                                      {"tokenizer.ggml.bos_token_id", kTokens, {}},
                                      {"tokenizer.ggml.eos_token_id", kTokens, {}},
                                      {"tokenizer.ggml.eot_token_id", kTokens, {}},
                                      {"tokenizer.ggml.eom_token_id", kTokens, {}},
                                      {"tokenizer.ggml.padding_token_id", any_value(), {}},  // read by nobody
                                      {"tokenizer.ggml.add_bos_token", {"true", "missing"}, {}},
                                      {"tokenizer.ggml.add_eos_token", {"true", "missing"}, {}},
                                  });
}

TEST(GgufKeys, OfASentencePieceVocabulary) {
  expect_table(sentencepiece_keys(),
               {
                   {"tokenizer.ggml.scores", {}, {}},
                   {"tokenizer.ggml.token_type", {"no numbers", "missing"}, {}},
                   {"tokenizer.ggml.unknown_token_id", kTokens, {}},
                   {"tokenizer.ggml.pre", {"text", "empty text", "missing"}, {}},  // of byte-level vocabularies
                   {"tokenizer.ggml.merges", {"no texts", "texts", "missing"}, {}},
                   {"tokenizer.ggml.add_space_prefix", {"true", "missing"}, {}},
               });
}

}  // namespace
}  // namespace estoc
