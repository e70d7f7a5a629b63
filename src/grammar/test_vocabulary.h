// A vocabulary for tests: all bytes and many pieces that cross the borders of JSON's parts.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "grammar/token_matcher.h"

namespace estoc::grammar {

struct TestVocabulary {
  static constexpr TokenId kEnd = 0;

  TestVocabulary() {
    texts.emplace_back();  // kEnd
    for (int byte = 0; byte < 256; ++byte) texts.emplace_back(1, static_cast<char>(byte));
    for (const char* piece :
         {"{\"",      "\":",         "\": ",    "\",",       "\",\"",   "\"}",     "\"}}",        "},{\"",
          "[]",       "{}",          "[[",      "]]",        "],[",     "null",    "true",        "false",
          "true,",    "1,",          ",2",      "12",        "123",     "0.5",     "-1",          "1}",
          "1]",       "\":\"",       "\":{\"",  "\":[",      "\":1,\"", "a",       "b",           "ab",
          "abc",      "a\"",         "b\":",    "a\":1,\"a", "name",    "name\":", "\"name\":\"", "\"a\":",
          "\"b\":",   "\"a",         "\"b\"",   "\\n",       "\\u00",   "\\\"",    "\xC3\xA9",    "\xF0\x9F\x98\x80",
          "\xE4\xBD", " ",           "  ",      "\n",        "the",     " the",    "x,y",         "root",
          "hello",    "hello world", "(",       ")",         "+",       "ing",     "tion",        "\"\"",
          "\"\",\"",  "\":null",     "\":true}"}) {
      texts.emplace_back(piece);
    }
    std::vector<std::string_view> views(texts.begin(), texts.end());
    vocabulary = std::make_shared<const Vocabulary>(views);
  }

  size_t size() const { return texts.size(); }

  std::vector<std::string> texts;
  std::shared_ptr<const Vocabulary> vocabulary;
};

}  // namespace estoc::grammar
