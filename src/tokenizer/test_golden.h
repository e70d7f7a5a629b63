// Encodings and decodings of one golden file (tests/golden/make_tokenizer_golden.py) against a tokenizer. For tests
// only.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tokenizer/stream.h"
#include "tokenizer/test_data.h"

namespace estoc {

inline std::string streamed(const Tokenizer& tokenizer, const std::vector<TokenId>& ids) {
  TokenStream stream(tokenizer, false);
  std::string text;
  for (const TokenId id : ids) text += stream.push(id);
  return text + stream.finish();
}

// Ids and segments of pairs: [first, second, ids, segments].
inline void check_pairs(const Tokenizer& tokenizer, const Json& entry) {
  for (const Json& item : entry.find("pairs")->as_array()) {
    const Json::Array& pair = item.as_array();
    SCOPED_TRACE(entry.find("name")->as_string() + ": " + to_json(item));
    const SegmentedIds found = tokenizer.encode_pair(pair[0].as_string(), pair[1].as_string());
    EXPECT_EQ(found.ids, ids_of(pair[2]));
    EXPECT_EQ(std::vector<TokenId>(found.segments.begin(), found.segments.end()), ids_of(pair[3]));
  }
}

inline void check_cases(const Tokenizer& tokenizer, const Json& entry) {
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

}  // namespace estoc
