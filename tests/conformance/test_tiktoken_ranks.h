// A published vocabulary: lines of a token's bytes in base64 and its rank. For tests only.
#pragma once

#include <algorithm>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mapped_file.h"
#include "grammar/vocabulary.h"

namespace estoc {

struct RankVocabulary {
  // The first `most` tokens, and behind them one that ends an answer.
  RankVocabulary(const std::string& path, size_t most) {
    std::istringstream lines(read_file(path));
    std::string encoded;
    for (size_t rank = 0; texts.size() < most && lines >> encoded >> rank;) texts.push_back(decoded(encoded));
    for (size_t t = 0; t < texts.size(); ++t) {
      ids.emplace(texts[t], static_cast<TokenId>(t));
      longest_bytes = std::max(longest_bytes, texts[t].size());
    }
    end = static_cast<TokenId>(texts.size());
    texts.emplace_back();
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    vocabulary = std::make_shared<const grammar::Vocabulary>(views);
  }

  static std::string decoded(std::string_view base64) {
    static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    uint32_t bits = 0;
    int count = 0;
    for (const char c : base64.substr(0, base64.find('='))) {
      bits = bits << 6 | static_cast<uint32_t>(kDigits.find(c));
      count += 6;
      if (count >= 8) {
        count -= 8;
        out.push_back(static_cast<char>(bits >> count & 0xFF));
      }
    }
    return out;
  }

  // The longest token that the text begins with; every byte is a token.
  TokenId longest(std::string_view text) const {
    for (size_t length = std::min(text.size(), longest_bytes);; --length) {
      const auto found = ids.find(std::string(text.substr(0, length)));
      if (found != ids.end()) return found->second;
    }
  }

  std::vector<std::string> texts;
  std::unordered_map<std::string, TokenId> ids;
  size_t longest_bytes = 0;
  TokenId end = 0;
  std::shared_ptr<const grammar::Vocabulary> vocabulary;
};

}  // namespace estoc
