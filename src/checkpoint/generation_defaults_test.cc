#include "checkpoint/generation_defaults.h"

#include <gtest/gtest.h>

#include "base/test_directory.h"
#include "checkpoint/gguf_vocab.h"
#include "models/family.h"
#include "weights/gguf_source.h"
#include "weights/gguf_writer.h"

namespace estoc {
namespace {

// A byte-level vocabulary of a few words and these special tokens, of type 3 unless said otherwise.
class VocabFile {
 public:
  explicit VocabFile(std::vector<std::string> specials, int32_t type = 3) {
    std::vector<std::string> tokens = {"h", "i", "hi"};
    std::vector<int32_t> types(tokens.size(), 1);
    for (std::string& special : specials) {
      tokens.push_back(std::move(special));
      types.push_back(type);
    }
    writer_.set("general.architecture", GgufValue::string("llama"));
    set("model", GgufValue::string("gpt2")).set("pre", GgufValue::string("gpt-2"));
    set("tokens", GgufValue::strings(tokens)).set("merges", GgufValue::strings({"h i"}));
    set("token_type", GgufValue::array(5, types));
  }
  VocabFile& set(const std::string& key, GgufValue value) {
    writer_.set(key.starts_with("general.") ? key : "tokenizer.ggml." + key, std::move(value));
    return *this;
  }
  GenerationDefaults defaults() const {
    const std::string bytes = writer_.text();
    const auto source = gguf_from_memory(as_bytes(bytes), "m.gguf", naming_rules());
    return generation_defaults(*source, *build_tokenizer(gguf_vocab(*source->metadata())));
  }
  std::vector<TokenId> ends() const { return defaults().end_tokens; }

 private:
  GgufWriter writer_;
};

using Ids = std::vector<TokenId>;

TEST(EndTokens, AreTheWellKnownSpellingsBesideWhatTheFileNames) {
  for (const char* end : {"<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<end_of_turn>", "<|end_of_text|>"}) {
    VocabFile file({"<|endoftext|>", end, "<|im_start|>"});
    file.set("eos_token_id", GgufValue::u32(3));
    EXPECT_EQ(file.ends(), (Ids{3, 4})) << end;
  }
  EXPECT_EQ(VocabFile({"<|im_end|>", "<|endoftext|>"}).ends(), (Ids{4, 3})) << "also where the file names none";
}

TEST(EndTokens, AreEveryKeyOfAGgufFile) {
  VocabFile file({"[A]", "[B]", "[C]", "[D]"});
  file.set("eos_token_id", GgufValue::u32(4)).set("eot_token_id", GgufValue::u32(6));
  file.set("eom_token_id", GgufValue::u32(5)).set("padding_token_id", GgufValue::u32(3));
  EXPECT_EQ(file.ends(), (Ids{4, 6, 5}));
}

TEST(EndTokens, AreSpecialEvenWhereTheVocabularyCallsThemOrdinary) {
  VocabFile file({"<|im_end|>"}, 1);
  EXPECT_EQ(file.ends(), Ids{3});
  EXPECT_EQ(VocabFile({"<|im_end|>"}, 4).ends(), Ids{3});
  // Markup may spell these: they end nothing unless they are control tokens.
  EXPECT_EQ(VocabFile({"</s>"}, 4).ends(), Ids{});
  EXPECT_EQ(VocabFile({"</s>"}, 3).ends(), Ids{3});
}

TEST(EndTokens, MeanSomethingElseInSomeVocabularies) {
  EXPECT_EQ(VocabFile({"<|end|>", "<|call|>", "<|return|>"}).ends(), (Ids{5, 4}));  // harmony
  EXPECT_EQ(VocabFile({"<|end|>", "<|flush|>", "<|calls|>"}).ends(), (Ids{5, 4}));  // Solar
}

TEST(EndTokens, OfAFolderAreTheUnionOfItsFiles) {
  const TemporaryDirectory directory;
  const std::filesystem::path folder = directory.path() + "/model";
  std::filesystem::copy(ESTOC_SOURCE_DIR "/tests/golden/models/llama2_like", folder);
  directory.write("model/generation_config.json", R"({"eos_token_id": [5, 2, -1, 4000, "x", null], "top_k": 3})");
  const auto source = open_weights(folder.string(), naming_rules());
  const auto tokenizer = open_tokenizer(folder.string());
  const TokenId end_of_turn = *tokenizer->find("<|eot|>");
  EXPECT_EQ(generation_defaults(*source, *tokenizer).end_tokens, (Ids{5, 2, end_of_turn}));
}

TEST(GenerationDefaults, TakesTheRecommendedSampling) {
  VocabFile file({});
  file.set("general.sampling.temp", GgufValue::f32(0.5f)).set("general.sampling.top_k", GgufValue::i32(20));
  file.set("general.sampling.top_p", GgufValue::f32(0.25f)).set("general.sampling.min_p", GgufValue::f32(0.125f));
  file.set("general.sampling.penalty_repeat", GgufValue::f32(1.5f));
  const GenerationDefaults defaults = file.defaults();
  EXPECT_EQ(defaults.temperature, 0.5f);
  EXPECT_EQ(defaults.top_k, 20);
  EXPECT_EQ(defaults.top_p, 0.25f);
  EXPECT_EQ(defaults.min_p, 0.125f);
  EXPECT_EQ(defaults.repetition_penalty, 1.5f);
}

TEST(GenerationDefaults, LeavesOutWhatNoRequestCouldAskFor) {
  VocabFile file({});
  file.set("general.sampling.temp", GgufValue::f32(-1)).set("general.sampling.top_p", GgufValue::f32(1.5f));
  file.set("general.sampling.min_p", GgufValue::f32(-0.5f)).set("general.sampling.penalty_repeat", GgufValue::f32(0));
  file.set("general.sampling.top_k", GgufValue::i32(INT32_MAX));
  const GenerationDefaults defaults = file.defaults();
  EXPECT_FALSE(defaults.temperature || defaults.top_p || defaults.min_p || defaults.repetition_penalty ||
               defaults.top_k);
}

}  // namespace
}  // namespace estoc
