// Vocabularies in GGUF files of real models, with 46 texts and their ids by llama.cpp.
#include <algorithm>
#include <sstream>

#include "conformance/test_shared_data.h"
#include "tokenizer/gguf_vocab_reader.h"
#include "tokenizer/split_names.h"
#include "tokenizer/test_data.h"

namespace estoc {
namespace {

std::vector<std::string> read_inputs(const std::string& path) {
  const std::string text = read_file(path);
  const std::string separator = "\n__ggml_vocab_test__\n";
  std::vector<std::string> inputs;
  size_t start = 0;
  for (size_t at = text.find(separator); at != std::string::npos; at = text.find(separator, start)) {
    inputs.push_back(text.substr(start, at - start));
    start = at + separator.size();
  }
  return inputs;
}

std::vector<std::vector<TokenId>> read_outputs(const std::string& path) {
  std::istringstream lines(read_file(path));
  std::vector<std::vector<TokenId>> outputs;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    outputs.emplace_back(std::istream_iterator<TokenId>(words), std::istream_iterator<TokenId>());
  }
  return outputs;
}

class GgufVocabulary : public testing::TestWithParam<const char*> {};

TEST_P(GgufVocabulary, EncodesAsExpectedAndBack) {
  const std::string path = shared_path(std::string("tokenizers/gguf_vocab/ggml-vocab-") + GetParam() + ".gguf");
  ESTOC_SKIP_WITHOUT(path);
  const MappedFile file(path);
  const auto tokenizer = build_tokenizer(GgufVocabReader::read(file));
  const auto inputs = read_inputs(path + ".inp");
  const auto outputs = read_outputs(path + ".out");
  ASSERT_EQ(inputs.size(), 46u);
  ASSERT_EQ(outputs.size(), inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    SCOPED_TRACE(to_json(inputs[i]));
    EXPECT_EQ(tokenizer->encode(inputs[i], kAsText), outputs[i]);
    // WordPiece leaves out case, accents and blanks.
    if (GetParam() != std::string_view("bert-bge")) {
      EXPECT_EQ(tokenizer->decode(outputs[i], false), inputs[i]);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Gguf, GgufVocabulary,
                         testing::Values("gpt-2", "llama-spm", "phi-3", "deepseek-coder", "bert-bge"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace estoc
