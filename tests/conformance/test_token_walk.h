// Random walks over the masks of a grammar: nothing may get stuck on the way, and each has an end. For tests only.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "conformance/test_cpu_times.h"
#include "conformance/test_tiktoken_ranks.h"
#include "grammar/token_matcher.h"

namespace estoc {

struct TokenWalk {
  const RankVocabulary& words;
  std::mt19937_64 random;
  CpuTimes masks, accepts, completions;
  TokenMask mask;
  std::vector<TokenId> bytes, allowed;

  TokenWalk(const RankVocabulary& vocabulary, uint64_t seed) : words(vocabulary), random(seed) {
    for (int byte = 0; byte < 256; ++byte) bytes.push_back(words.longest(std::string(1, static_cast<char>(byte))));
  }

  // Up to so many random tokens, every other of them a byte where one may come, and the shortest end behind them: the
  // text, or a failure.
  std::string walk(const std::shared_ptr<grammar::TokenGrammar>& grammar, size_t tokens) {
    grammar::TokenMatcher matcher(grammar, {words.end});
    std::string text;
    for (size_t count = 0; count < tokens; ++count) {
      mask.reset(words.texts.size());
      masks.measure([&] { matcher.restrict(mask, {}); });
      const TokenId token = choose(random() % 2 == 0);
      if (token < 0) {
        if (!matcher.may_end()) ADD_FAILURE() << "stuck behind " << text;
        break;
      }
      if (!accepts.measure([&] { return matcher.accept(token); })) {
        ADD_FAILURE() << "allowed and not taken behind " << text << ": " << words.texts[static_cast<size_t>(token)];
        return text;
      }
      text += words.texts[static_cast<size_t>(token)];
    }
    const auto rest = completions.measure([&] { return matcher.shortest_completion(100000); });
    if (!rest) ADD_FAILURE() << "no end was found behind " << text;
    for (size_t i = 0; rest && i < rest->size(); ++i) {
      text += words.texts[static_cast<size_t>((*rest)[i])];
      if (!matcher.accept((*rest)[i])) ADD_FAILURE() << "no end: " << text;
    }
    if (rest && !matcher.may_end()) ADD_FAILURE() << "no end: " << text;
    return text;
  }

 private:
  TokenId choose(bool prefers_bytes) {
    mask.forbid(words.end);
    if (prefers_bytes) {
      allowed.clear();
      for (const TokenId token : bytes) {
        if (mask.allows(token)) allowed.push_back(token);
      }
      if (!allowed.empty()) return allowed[random() % allowed.size()];
    }
    size_t count = 0;
    for (const uint32_t word : mask.words()) count += static_cast<size_t>(__builtin_popcount(word));
    if (count == 0) return -1;
    size_t left = random() % count;
    for (size_t w = 0;; ++w) {
      uint32_t rest = mask.words()[w];
      const auto here = static_cast<size_t>(__builtin_popcount(rest));
      if (left >= here) {
        left -= here;
        continue;
      }
      for (; left > 0; --left) rest &= rest - 1;
      return static_cast<TokenId>(w * 32 + static_cast<size_t>(__builtin_ctz(rest)));
    }
  }
};

}  // namespace estoc
