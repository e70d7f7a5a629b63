// Encodings by Hugging Face tokenizers, written by tests/golden/make_tokenizer_golden.py.
#include <gtest/gtest.h>

#include "tokenizer/split_names.h"
#include "tokenizer/stream.h"
#include "tokenizer/test_data.h"

namespace estoc {
namespace {

std::string streamed(const Tokenizer& tokenizer, const std::vector<TokenId>& ids) {
  TokenStream stream(tokenizer, false);
  std::string text;
  for (const TokenId id : ids) text += stream.push(id);
  return text + stream.finish();
}

void check_cases(const Tokenizer& tokenizer, const Json& entry) {
  for (const Json& item : entry.find("cases")->as_array()) {
    const std::string& text = item.find("text")->as_string();
    SCOPED_TRACE(entry.find("name")->as_string() + ": " + to_json(text));
    const auto want = [&](const char* key) { return item.find(key) == nullptr ? item.find("ids") : item.find(key); };
    const std::vector<TokenId> ids = tokenizer.encode(text, kPlain);
    EXPECT_EQ(ids, ids_of(*item.find("ids")));
    EXPECT_EQ(tokenizer.encode(text, {}), ids_of(*want("with_special")));
    EXPECT_EQ(tokenizer.encode(text, kAsText), ids_of(*want("special_as_text")));
    const std::string decoded = tokenizer.decode(ids, false);
    EXPECT_EQ(decoded, item.find("decoded") == nullptr ? text : item.find("decoded")->as_string());
    EXPECT_EQ(streamed(tokenizer, ids), decoded);
  }
}

TEST(Golden, SmallVocabularies) {
  const Json golden = read_golden("tokenizer_small.json");
  ASSERT_GE(golden.as_array().size(), 15u);
  for (const Json& entry : golden.as_array()) {
    const auto tokenizer = parse_tokenizer_json(to_json(*entry.find("tokenizer")), "", entry.find("name")->as_string());
    check_cases(*tokenizer, entry);
  }
}

TEST(Golden, SplitsThatGgufFilesName) {
  const Json golden = read_golden("tokenizer_splits.json");
  ASSERT_GE(golden.as_array().size(), 25u);
  for (const Json& entry : golden.as_array()) {
    const std::string& name = entry.find("name")->as_string();
    const NamedSplits splits = splits_of_name(name, "golden");
    for (const Json& item : entry.find("cases")->as_array()) {
      std::string text = item.as_array()[0].as_string();
      SCOPED_TRACE(name + ": " + to_json(text));
      std::vector<std::string_view> pieces;
      splits.pre_tokenizer.split(text, true, pieces);
      Json found{Json::Array()};
      for (const std::string_view piece : pieces) found.push_back(piece);
      EXPECT_EQ(to_json(found), to_json(item.as_array()[1]));
    }
  }
}

TEST(Golden, RealVocabularies) {
  if (!has_shared("tokenizers/hf")) GTEST_SKIP() << "no shared data";
  const Json golden = read_golden("tokenizer_shared.json");
  for (const Json& entry : golden.as_array()) {
    const std::string folder = shared_path("tokenizers/hf/" + entry.find("name")->as_string());
    // Without the configuration: the golden is made from tokenizer.json alone.
    const auto tokenizer = parse_tokenizer_json(read_file(folder + "/tokenizer.json"), "", folder);
    check_cases(*tokenizer, entry);
  }
}

}  // namespace
}  // namespace estoc
