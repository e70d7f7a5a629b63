#include "checkpoint/checkpoint.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "base/test_directory.h"

namespace estoc {
namespace {

const std::string kModels = ESTOC_SOURCE_DIR "/tests/golden/models/";

std::string refusal(const std::string& model) {
  try {
    open_checkpoint(model);
  } catch (const Error& error) {
    return error.what();
  }
  return "opened";
}

TEST(Checkpoint, OpensAHuggingFaceFolderWhole) {
  for (const std::string& path : {kModels + "llama2_like", kModels + "llama2_like/"}) {
    const Checkpoint checkpoint = open_checkpoint(path);
    EXPECT_EQ(checkpoint.name, "llama2_like");
    EXPECT_GT(checkpoint.tokenizer->vocab_count(), 0);
    EXPECT_FALSE(checkpoint.weights->tensors().empty());
    EXPECT_FALSE(checkpoint.defaults.end_tokens.empty());
  }
}

TEST(Checkpoint, RefusesTheTokenizerOfAnotherModel) {
  const TemporaryDirectory directory;
  const std::filesystem::path folder = directory.path();
  std::filesystem::copy(kModels + "llama2_like", folder);
  Json tokenizer = parse_json(read_file((folder / "tokenizer.json").string()));
  Json& vocab = const_cast<Json&>(*tokenizer.find("model")->find("vocab"));
  vocab.set("zzz", int64_t{100000});
  std::ofstream(folder / "tokenizer.json") << to_json(tokenizer);
  const std::string refused = refusal(folder.string());
  EXPECT_NE(refused.find("the tokenizer has 100001 tokens, but the model's embedding has"), std::string::npos)
      << refused;
}

TEST(Checkpoint, SaysWhatIsMissing) {
  EXPECT_EQ(refusal("/no/such/model"),
            "/no/such/model: no such model; expected a .gguf file, a Hugging Face folder or `demo`");
  ::setenv("ESTOC_CACHE", "/no/such/cache", 1);
  EXPECT_EQ(refusal("demo"),
            "the demo model is not at /no/such/cache/SmolLM2-135M-Instruct.Q4_1.gguf: `make demo` downloads it");
  ::unsetenv("ESTOC_CACHE");
}

}  // namespace
}  // namespace estoc
