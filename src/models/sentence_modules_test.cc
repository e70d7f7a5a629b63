// What files of sentence-transformers say, and what is refused of them.
#include "models/sentence_modules.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/test_directory.h"
#include "base/thread_team.h"
#include "models/encoder.h"
#include "models/family.h"
#include "weights/test_refusal.h"

namespace estoc {
namespace {

// A tiny checkpoint with other files beside it.
class Folder {
 public:
  explicit Folder(const std::string& name = "roberta_like") {
    std::filesystem::copy(ESTOC_SOURCE_DIR "/tests/golden/encoders/" + name, path(),
                          std::filesystem::copy_options::recursive);
  }
  std::string path() const { return directory_.path() + "/model"; }
  void write(const std::string& name, const std::string& text) const { directory_.write("model/" + name, text); }
  std::unique_ptr<WeightSource> open() const { return open_weights(path(), naming_rules()); }
  SentenceModules read() const { return read_sentence_modules(*open()); }

 private:
  TemporaryDirectory directory_;
};

std::string modules(const std::string& more) {
  return R"([{"idx": 0, "path": "", "type": "sentence_transformers.models.Transformer"}, )" + more + "]";
}

TEST(SentenceModules, AreReadInTheirOrder) {
  const SentenceModules found = Folder().read();
  EXPECT_EQ(pooling_names(found.pooling), "mean_sqrt_len");
  ASSERT_EQ(found.steps.size(), 1u);
  EXPECT_EQ(found.steps[0].folder, "2_Dense");
  EXPECT_EQ(found.steps[0].outputs, 24);
  EXPECT_EQ(found.steps[0].function, VectorStepSpec::Function::tanh);
  EXPECT_FALSE(found.is_normalized);
  EXPECT_EQ(found.tokens_max, 64);
  EXPECT_TRUE(found.are_there());
}

TEST(SentenceModules, PoolingsStandSideBySide) {
  const Folder folder("bge_like");
  folder.write("1_Pooling/config.json", R"({"pooling_mode_cls_token": true, "pooling_mode_max_tokens": true})");
  EXPECT_EQ(pooling_names(folder.read().pooling), "cls+max");
  folder.write("1_Pooling/config.json", R"({"pooling_mode": "lasttoken"})");
  EXPECT_EQ(pooling_names(folder.read().pooling), "last");
  folder.write("1_Pooling/config.json", R"({"pooling_mode": ["mean", "cls"]})");
  EXPECT_EQ(pooling_names(folder.read().pooling), "cls+mean");
  EXPECT_EQ(describe_encoder(*folder.open()).outputs, 64);
  EXPECT_EQ(describe_encoder(*folder.open(), {.pooling = "last"}).pooling, "last");
}

TEST(SentenceModules, OtherPoolingsAreRefused) {
  const Folder folder("bge_like");
  for (const char* config : {R"({"pooling_mode": "attention"})", R"({"pooling_mode": ["mean", "attention"]})", R"({})",
                             R"({"pooling_mode": 3})"}) {
    folder.write("1_Pooling/config.json", config);
    expect_refused(ErrorCode::unsupported, "asks for a pooling that is not computed", [&] { folder.read(); });
  }
  folder.write("1_Pooling/config.json", "[]");
  expect_refused(ErrorCode::corrupt_file, "expected a JSON object", [&] { folder.read(); });
  expect_refused(ErrorCode::invalid_argument, "pooling 'middle' is not known",
                 [&] { describe_encoder(*Folder("bert_like").open(), {.pooling = "middle"}); });
}

TEST(SentenceModules, WrongListsAreRefused) {
  const Folder folder;
  const auto expect = [&](ErrorCode code, const char* words, const std::string& text) {
    folder.write("modules.json", text);
    expect_refused(code, words, [&] { folder.read(); });
  };
  expect(ErrorCode::corrupt_file, "is not a list of 1 to", "{}");
  expect(ErrorCode::corrupt_file, "is not a list of 1 to", "[]");
  expect(ErrorCode::corrupt_file, "is not valid JSON", "[");
  expect(ErrorCode::corrupt_file, "a module has no \"type\"", "[{}]");
  expect(ErrorCode::corrupt_file, "a module has no \"type\"", "[3]");
  for (const char* path : {"..", "../other", "/etc", "a/b", "."}) {
    expect(ErrorCode::corrupt_file, "no folder beside it",
           modules(std::string(R"({"type": "x.Pooling", "path": ")") + path + "\"}"));
  }
  expect(ErrorCode::unsupported, "module 'CNN' is not computed", modules(R"({"type": "x.CNN", "path": "1_CNN"})"));
  expect(ErrorCode::unsupported, "behind Normalize",
         modules(R"({"type": "x.Normalize", "path": "1"}, {"type": "x.Dense", "path": "2_Dense"})"));
  expect(ErrorCode::not_found, "", modules(R"({"type": "x.Pooling", "path": "nowhere"})"));
}

TEST(SentenceModules, ADenseModuleFitsTheRows) {
  const Folder folder;
  ThreadTeam team(1);
  const auto load = [&] { load_encoder(*folder.open(), team); };
  folder.write("2_Dense/config.json", R"({"in_features": 32, "out_features": 25})");
  expect_refused(ErrorCode::corrupt_file, "linear.bias' has shape [24], expected [25]", load);
  folder.write("2_Dense/config.json", R"({"in_features": 32, "out_features": 0})");
  expect_refused(ErrorCode::corrupt_file, "out_features", load);
  folder.write("2_Dense/config.json", R"({"out_features": 24, "activation_function": "torch.nn.Softplus"})");
  expect_refused(ErrorCode::unsupported, "activation_function 'Softplus'", load);
}

TEST(SentenceModules, ADecoderWithoutThemIsNoEncoder) {
  const Folder folder("qwen3_reranker_like");
  EXPECT_TRUE(is_encoder(*folder.open()));
  std::filesystem::remove(folder.path() + "/modules.json");
  const auto weights = folder.open();
  EXPECT_FALSE(is_encoder(*weights));
  EXPECT_EQ(describe_encoder(*weights).pooling, "last");
  EncoderOptions options{.task = EncoderInfo::Task::score};
  expect_refused(ErrorCode::invalid_argument, "no 1_LogitScore/config.json says of which",
                 [&] { describe_encoder(*weights, options); });
  options.answers = {9, 4};
  EXPECT_EQ(describe_encoder(*weights, options).outputs, 1);
  options.answers = {9, 4000};
  expect_refused(ErrorCode::invalid_argument, "the token 4000", [&] { describe_encoder(*weights, options); });
}

TEST(SentenceModules, OtherClassesAreRefused) {
  const auto weights = open_weights(ESTOC_SOURCE_DIR "/tests/golden/models/gpt2_like", naming_rules());
  EXPECT_FALSE(is_encoder(*weights));
  expect_refused(ErrorCode::unsupported, "'GPT2LMHeadModel' is not supported as an encoder",
                 [&] { describe_encoder(*weights); });
}

}  // namespace
}  // namespace estoc
