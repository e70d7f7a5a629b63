// Which tokens may be chosen next: a bit a token.
//
// What: producers (stop tokens that come too early, grammars) clear bits; a sampler gives what is cleared no chance.
// The words are what a device takes: token t is bit t % 32 of word t / 32, set when it may be chosen. Ownership: owns
// its words, which only grow. Threads: one thread. Errors: none.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.h"

namespace estoc {

class TokenMask {
 public:
  static constexpr size_t kBits = 32;
  static constexpr size_t word_count(size_t vocab) { return (vocab + kBits - 1) / kBits; }

  // All of `vocab` tokens may be chosen.
  void reset(size_t vocab) {
    vocab_ = vocab;
    words_.assign(word_count(vocab), ~uint32_t{0});
  }
  // Tokens outside the vocabulary are nobody's and are ignored.
  void forbid(TokenId token) {
    if (is_inside(token)) words_[word_of(token)] &= ~bit_of(token);
  }
  bool allows(TokenId token) const { return is_inside(token) && (words_[word_of(token)] & bit_of(token)) != 0; }
  // Forbids all but this one.
  void allow_only(TokenId token) {
    words_.assign(words_.size(), 0);
    if (is_inside(token)) words_[word_of(token)] |= bit_of(token);
  }
  // How many tokens may be chosen.
  size_t count() const {
    size_t count = 0;
    for (size_t w = 0; w + 1 < words_.size(); ++w) count += static_cast<size_t>(std::popcount(words_[w]));
    const size_t rest = vocab_ % kBits;  // bits behind the vocabulary are nobody's
    const uint32_t inside = rest == 0 ? ~uint32_t{0} : (uint32_t{1} << rest) - 1;
    if (!words_.empty()) count += static_cast<size_t>(std::popcount(words_.back() & inside));
    return count;
  }

  size_t vocab() const { return vocab_; }
  std::span<uint32_t> words() { return words_; }
  std::span<const uint32_t> words() const { return words_; }

 private:
  bool is_inside(TokenId token) const { return token >= 0 && static_cast<size_t>(token) < vocab_; }
  static size_t word_of(TokenId token) { return static_cast<size_t>(token) / kBits; }
  static uint32_t bit_of(TokenId token) { return uint32_t{1} << (static_cast<size_t>(token) % kBits); }

  size_t vocab_ = 0;
  std::vector<uint32_t> words_;
};

// Says what may be chosen as a sequence's next token. A step asks just before it samples, many sources at once, each
// from one thread; what it depends on does not change meanwhile.
class MaskSource {
 public:
  virtual ~MaskSource() = default;
  // Clears what must not be chosen in a mask that was reset, when the tokens `ahead` have come first.
  virtual void restrict(TokenMask& mask, std::span<const TokenId> ahead) const = 0;
};

}  // namespace estoc
