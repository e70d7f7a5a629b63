// What tests ask of a compiled grammar: does it take a text, are its masks what the matcher takes, does it ever get
// stuck?
#pragma once

#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
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

// Why something cannot be made; "" when it can.
inline std::string refusal_of(const auto& make) {
  try {
    make();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

// A random text of so many allowed tokens, unless it has to end before, and then the shortest end; faults are said in
// `fault`.
inline std::string random_text(TokenMatcher& matcher, std::mt19937& random, size_t tokens, std::string& fault) {
  const TestVocabulary& words = test_vocabulary();
  std::string text;
  TokenMask mask;
  const auto take = [&](TokenId token) {
    if (!matcher.accept(token)) {
      fault = "not taken behind '" + text + "': '" + words.texts[static_cast<size_t>(token)] + "'";
    }
    text += words.texts[static_cast<size_t>(token)];
  };
  for (size_t count = 0; count < tokens && fault.empty(); ++count) {
    mask.reset(words.size());
    matcher.restrict(mask, {});
    std::vector<TokenId> allowed;
    for (size_t t = 1; t < words.size(); ++t) {
      if (mask.allows(static_cast<TokenId>(t))) allowed.push_back(static_cast<TokenId>(t));
    }
    if (allowed.empty()) {
      if (!matcher.may_end()) fault = "stuck behind '" + text + "'";
      break;
    }
    take(allowed[random() % allowed.size()]);
  }
  const auto rest = matcher.shortest_completion(4000);
  if (!rest) fault = "no end was found behind '" + text + "'";
  for (size_t i = 0; rest && i < rest->size() && fault.empty(); ++i) take((*rest)[i]);
  if (fault.empty() && !matcher.may_end()) fault = "'" + text + "' is no end";
  return text;
}

// Walks so many random texts of so many tokens back token by token; returns the first fault of a text or a mask.
inline std::string walk_fault(std::unique_ptr<Grammar> compiled, unsigned seed, int rounds, size_t tokens) {
  const auto grammar = std::make_shared<TokenGrammar>(std::move(compiled), test_vocabulary().vocabulary);
  std::mt19937 random(seed);
  std::string fault;
  for (int round = 0; round < rounds && fault.empty(); ++round) {
    TokenMatcher matcher(grammar, {TestVocabulary::kEnd});
    random_text(matcher, random, tokens, fault);
    while (fault.empty() && matcher.token_count() > 0) {
      matcher.roll_back(1);
      fault = mask_fault(matcher);
    }
  }
  return fault;
}

}  // namespace estoc::grammar
