// A byte-level BPE tokenizer for tests: all bytes, some merges, one control token that ends an answer.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tokenizer/byte_level.h"
#include "tokenizer/tokenizer.h"

namespace estoc::grammar {

struct TestBpe {
  static constexpr TokenId kEnd = 0;

  // Each merge is two texts, in the order of their ranks.
  explicit TestBpe(const std::vector<std::pair<std::string, std::string>>& merges) {
    tokens = {"<end>"};
    for (int byte = 0; byte < 256; ++byte) tokens.push_back(spelling_of_bytes(std::string(1, static_cast<char>(byte))));
    for (const auto& [first, second] : merges) {
      tokens.push_back(spelling_of_bytes(first + second));
      rules.push_back(spelling_of_bytes(first) + " " + spelling_of_bytes(second));
    }
    GgufVocab vocab;
    vocab.source = "test";
    vocab.model = "gpt2";
    vocab.pre = "gpt-2";
    vocab.tokens.assign(tokens.begin(), tokens.end());
    vocab.merges.assign(rules.begin(), rules.end());
    vocab.types.assign(tokens.size(), 1);
    vocab.types[kEnd] = 3;
    vocab.eos = kEnd;
    tokenizer = build_tokenizer(vocab);
  }

  int count() const { return static_cast<int>(tokens.size()); }
  TokenId id(std::string_view text) const { return *tokenizer->find(spelling_of_bytes(text)); }

  std::vector<std::string> tokens, rules;
  std::unique_ptr<Tokenizer> tokenizer;
};

}  // namespace estoc::grammar
