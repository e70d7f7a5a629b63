#include "grammar/constraint.h"

#include <algorithm>

namespace estoc::grammar {
namespace {

constexpr size_t kForcedBytesMax = 512;  // that are looked for at once

class Place final : public ConstraintPlace {
 public:
  Place(std::shared_ptr<TokenGrammar> grammar, std::shared_ptr<const ForcedTokens> forced, std::vector<TokenId> ends)
      : ends_(ends), forced_tokens_(std::move(forced)), matcher_(std::move(grammar), std::move(ends)) {}

  bool accept(TokenId token) override {
    if (!matcher_.accept(token)) return false;
    const bool was_forced = is_forced_known_ && forced_at_ < forced_.size() && forced_[forced_at_] == token;
    is_forced_known_ = was_forced && ++forced_at_ < forced_.size();  // what was forced behind this token still is
    return true;
  }
  void roll_back(size_t tokens) override {
    matcher_.roll_back(tokens);
    is_forced_known_ = is_forced_known_ && tokens == 0;
  }
  bool has_ended() const override { return matcher_.has_ended(); }
  std::span<const TokenId> forced() const override {
    if (!is_forced_known_) find_forced();
    return std::span(forced_).subspan(forced_at_);
  }
  const std::string& failure() const override { return matcher_.failure(); }

  void restrict(TokenMask& mask, std::span<const TokenId> ahead) const override {
    if (ahead.empty()) {
      if (const auto only = forced(); !only.empty()) return mask.allow_only(only.front());
    }
    matcher_.restrict(mask, ahead);
  }

 private:
  void find_forced() const {
    forced_.clear();
    forced_at_ = 0;
    is_forced_known_ = true;
    if (forced_tokens_ == nullptr || has_ended() || !failure().empty()) return;
    const TokenMatcher::Forced forced = matcher_.forced(kForcedBytesMax);
    forced_tokens_->append(forced.bytes, forced.must_end, forced_);
    const bool is_all = forced.bytes.empty() || !forced_.empty();
    if (forced.must_end && is_all && !ends_.empty()) forced_.push_back(ends_.front());
  }

  const std::vector<TokenId> ends_;
  const std::shared_ptr<const ForcedTokens> forced_tokens_;
  // What is forced is found when it is first asked for, by masks too.
  mutable TokenMatcher matcher_;
  mutable std::vector<TokenId> forced_;
  mutable size_t forced_at_ = 0;
  mutable bool is_forced_known_ = false;
};

}  // namespace

std::unique_ptr<ConstraintPlace> Constraint::start(std::span<const TokenId> end_tokens,
                                                   std::span<const TokenId> stop_tokens) const {
  std::vector<TokenId> ends(end_tokens.begin(), end_tokens.end());
  for (const TokenId token : stop_tokens) {
    if (grammar_->vocabulary().bytes(token).empty() && std::ranges::find(ends, token) == ends.end()) {
      ends.push_back(token);
    }
  }
  return std::make_unique<Place>(grammar_, forced_, std::move(ends));
}

}  // namespace estoc::grammar
