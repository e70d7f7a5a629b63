// Encodings by Hugging Face tokenizers, written by tests/golden/make_tokenizer_golden.py.
#include <gtest/gtest.h>

#include "tokenizer/base64.h"
#include "tokenizer/split_names.h"
#include "tokenizer/test_golden.h"

namespace estoc {
namespace {

TEST(Golden, SmallVocabularies) {
  const Json golden = read_golden("tokenizer_small.json");
  ASSERT_GE(golden.as_array().size(), 15u);
  for (const Json& entry : golden.as_array()) {
    const auto tokenizer = parse_tokenizer_json(to_json(*entry.find("tokenizer")), "", entry.find("name")->as_string());
    check_cases(*tokenizer, entry);
  }
}

TEST(Golden, EveryKind) {
  const Json golden = read_golden("tokenizer_kinds.json");
  ASSERT_GE(golden.as_array().size(), 15u);
  for (const Json& entry : golden.as_array()) {
    const auto tokenizer = parse_tokenizer_json(to_json(*entry.find("tokenizer")), "", entry.find("name")->as_string());
    for (const Json& item : entry.find("cases")->as_array()) {
      const std::string& text = item.find("text")->as_string();
      SCOPED_TRACE(entry.find("name")->as_string() + ": " + to_json(text));
      const std::vector<TokenId> ids = tokenizer->encode(text, kPlain);
      EXPECT_EQ(ids, ids_of(*item.find("ids")));
      const Json* special = item.find("with_special");
      EXPECT_EQ(tokenizer->encode(text), ids_of(special == nullptr ? *item.find("ids") : *special));
      EXPECT_EQ(tokenizer->encode_segments(text).ids, tokenizer->encode(text));
      const Json* decoded = item.find("decoded");
      EXPECT_EQ(tokenizer->decode(ids, false), decoded == nullptr ? text : decoded->as_string());
    }
    check_pairs(*tokenizer, entry);
  }
}

TEST(Golden, SentencePieceFiles) {
  const Json golden = read_golden("tokenizer_sentencepiece.json");
  ASSERT_GE(golden.as_array().size(), 4u);
  for (const Json& entry : golden.as_array()) {
    const std::string& name = entry.find("name")->as_string();
    const auto tokenizer = parse_sentencepiece(*bytes_of_base64(entry.find("model")->as_string()), "", name);
    for (const Json& item : entry.find("cases")->as_array()) {
      const std::string& text = item.find("text")->as_string();
      EXPECT_EQ(tokenizer->encode(text, kAsText), ids_of(*item.find("ids"))) << name << ": " << to_json(text);
    }
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

}  // namespace
}  // namespace estoc
