// A constraint for tests: what may come next is a hash of all tokens so far, with every case that there is: one token,
// a few, all, with and without the end, the end alone.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "sampling/counter_rng.h"
#include "sampling/token_constraint.h"

namespace estoc {

class FakeConstraint : public TokenConstraint {
 public:
  // Answers end after `most` tokens at the latest. A place fails once it has `fails_after` tokens.
  FakeConstraint(uint64_t seed, int vocab, size_t most, size_t fails_after = SIZE_MAX)
      : seed_(seed), vocab_(vocab), most_(most), fails_after_(fails_after) {}

  std::unique_ptr<ConstraintPlace> start(std::span<const TokenId> end_tokens, std::span<const TokenId>) const override {
    return std::make_unique<Place>(*this, end_tokens);
  }

 private:
  class Place : public ConstraintPlace {
   public:
    Place(const FakeConstraint& of, std::span<const TokenId> ends) : of_(of), ends_(ends.begin(), ends.end()) {}

    bool accept(TokenId token) override {
      if (has_ended_ || !allows(tokens_, token)) return false;
      has_ended_ = is_end(token);
      tokens_.push_back(token);
      if (tokens_.size() >= of_.fails_after_) failure_ = "a limit was met";
      return true;
    }
    void roll_back(size_t tokens) override {
      tokens_.resize(tokens_.size() - tokens);
      if (tokens > 0) has_ended_ = false;
    }
    bool has_ended() const override { return has_ended_; }
    std::span<const TokenId> forced() const override {
      forced_.clear();
      std::vector<TokenId> history = tokens_;
      for (TokenId token = only(history); token >= 0 && !has_ended_; token = only(history)) {
        forced_.push_back(token);
        history.push_back(token);
        if (is_end(token)) break;
      }
      return forced_;
    }
    const std::string& failure() const override { return failure_; }
    void restrict(TokenMask& mask, std::span<const TokenId> ahead) const override {
      std::vector<TokenId> history = tokens_;
      history.insert(history.end(), ahead.begin(), ahead.end());
      for (TokenId token = 0; token < of_.vocab_; ++token) {
        if (!allows(history, token)) mask.forbid(token);
      }
    }

   private:
    bool is_end(TokenId token) const { return std::ranges::find(ends_, token) != ends_.end(); }
    uint64_t hash(const std::vector<TokenId>& history) const {
      uint64_t hash = of_.seed_;
      for (const TokenId token : history) hash = mix_bits(hash * 31 + static_cast<uint64_t>(token) + 1);
      return hash;
    }
    bool must_end(const std::vector<TokenId>& history) const {
      return history.size() >= of_.most_ || hash(history) % 17 == 0;
    }
    // The one that has to come; -1 where there is a choice.
    TokenId only(const std::vector<TokenId>& history) const {
      if (must_end(history)) return ends_.front();
      if (hash(history) % 3 != 0) return -1;
      for (uint64_t i = hash(history) / 3;; ++i) {
        const auto token = static_cast<TokenId>(i % static_cast<uint64_t>(of_.vocab_));
        if (!is_end(token)) return token;
      }
    }
    bool allows(const std::vector<TokenId>& history, TokenId token) const {
      if (const TokenId forced = only(history); forced >= 0) return token == forced;
      const uint64_t kind = hash(history);
      if (is_end(token)) return kind / 3 % 4 == 0;
      return kind % 3 == 1 || random_bits(kind, static_cast<uint64_t>(token)) % 4 == 0;
    }

    const FakeConstraint& of_;
    const std::vector<TokenId> ends_;
    std::vector<TokenId> tokens_;
    mutable std::vector<TokenId> forced_;
    bool has_ended_ = false;
    std::string failure_;
  };

  const uint64_t seed_;
  const int vocab_;
  const size_t most_, fails_after_;
};

}  // namespace estoc
