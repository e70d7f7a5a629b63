// What tests ask of a compiled grammar: does it take a text, are its masks what the matcher takes, does it ever get
// stuck?
#pragma once

#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "grammar/chart.h"
#include "grammar/test_vocabulary.h"

namespace estoc::grammar {

// Byte by byte.
inline bool takes(Grammar& grammar, std::string_view text) {
  Chart chart(grammar.automaton);
  chart.start(grammar.start);
  for (const char c : text) {
    if (!chart.push(static_cast<uint8_t>(c))) return false;
  }
  return chart.ends_outside();
}

inline const TestVocabulary& test_vocabulary() {
  static const TestVocabulary made;
  return made;
}

// The mask of a matcher against trying every token; returns what differs.
inline std::string mask_fault(TokenMatcher& matcher) {
  const TestVocabulary& words = test_vocabulary();
  TokenMask mask;
  mask.reset(words.size());
  matcher.restrict(mask, {});
  for (size_t t = 0; t < words.size(); ++t) {
    const auto token = static_cast<TokenId>(t);
    const bool is_taken = matcher.accept(token);
    if (is_taken) matcher.roll_back(1);
    if (is_taken != mask.allows(token)) return (is_taken ? "forbids '" : "allows '") + words.texts[t] + "'";
  }
  return "";
}

// A random text of allowed tokens, which ends soon behind `tokens` of them where luck has it; faults are said in
// `fault`.
inline std::string random_text(TokenMatcher& matcher, std::mt19937& random, size_t tokens, std::string& fault) {
  const TestVocabulary& words = test_vocabulary();
  std::string text;
  TokenMask mask;
  for (size_t count = 0; count < tokens + 600; ++count) {
    if (count >= tokens && matcher.may_end()) return text;
    mask.reset(words.size());
    matcher.restrict(mask, {});
    std::vector<TokenId> allowed;
    for (size_t t = 1; t < words.size(); ++t) {
      if (mask.allows(static_cast<TokenId>(t))) allowed.push_back(static_cast<TokenId>(t));
    }
    if (allowed.empty()) {
      if (!matcher.may_end()) fault = "stuck behind '" + text + "'";
      return text;
    }
    TokenId chosen = allowed[random() % allowed.size()];
    // Towards the end, and not within a string (where a letter may follow too): what closes, more often than not.
    if (count >= tokens && (!mask.allows(TokenId{1 + 'z'}) || mask.allows(TokenId{1 + '"'}))) {
      for (const char close : {'"', '}', ']', ','}) {
        const auto token = static_cast<TokenId>(1 + static_cast<unsigned char>(close));
        if (mask.allows(token) && random() % 4 != 0) {
          chosen = token;
          break;
        }
      }
    }
    if (!matcher.accept(chosen)) {
      fault = "allowed and not taken behind '" + text + "': '" + words.texts[static_cast<size_t>(chosen)] + "'";
      return text;
    }
    text += words.texts[static_cast<size_t>(chosen)];
  }
  return text;  // not stuck, though nobody who chooses at random finds the end
}

}  // namespace estoc::grammar
