#include "grammar/reasoning_budget.h"

#include <algorithm>

#include "base/check.h"
#include "tokenizer/tokenizer.h"

namespace estoc::grammar {
namespace {

// Where a text is in its reasoning; changes with each token.
struct Progress {
  enum class Phase : uint8_t { before, inside, behind } phase = Phase::before;
  int spent = 0;      // tokens of the reasoning
  size_t closed = 0;  // tokens of the closing text that have come
  std::string tail;   // the text's end, as far as a mark may go on from it
};

class Place final : public ConstraintPlace {
 public:
  Place(const Tokenizer& tokenizer, std::shared_ptr<const ReasoningBudget> budget, std::vector<TokenId> ends,
        std::shared_ptr<const TokenConstraint> constraint, std::unique_ptr<ConstraintPlace> inner)
      : tokenizer_(tokenizer),
        budget_(std::move(budget)),
        ends_(std::move(ends)),
        constraint_(std::move(constraint)),
        inner_(std::move(inner)),
        history_(1) {
    if (budget_->begins_inside) history_.front().phase = Progress::Phase::inside;
  }

  bool accept(TokenId token) override {
    if (inner_ == nullptr ? has_ended_ : !inner_->accept(token)) return false;
    history_.push_back(after(history_.back(), token));
    if (inner_ == nullptr) has_ended_ = is_end(token);
    return true;
  }
  void roll_back(size_t tokens) override {
    if (inner_ != nullptr) inner_->roll_back(tokens);
    history_.resize(history_.size() - tokens);
    if (tokens > 0) has_ended_ = false;  // an end token is the last
  }
  bool has_ended() const override { return inner_ == nullptr ? has_ended_ : inner_->has_ended(); }
  std::span<const TokenId> forced() const override {
    if (must_close(history_.back())) return std::span(budget_->closing).subspan(history_.back().closed);
    return inner_ == nullptr ? std::span<const TokenId>() : inner_->forced();
  }
  const std::string& failure() const override { return inner_ == nullptr ? no_failure_ : inner_->failure(); }

  void restrict(TokenMask& mask, std::span<const TokenId> ahead) const override {
    Progress progress = history_.back();
    for (const TokenId token : ahead) progress = after(progress, token);
    if (must_close(progress)) return mask.allow_only(budget_->closing[progress.closed]);
    if (inner_ != nullptr) inner_->restrict(mask, ahead);
  }

 private:
  bool is_end(TokenId token) const { return std::ranges::find(ends_, token) != ends_.end(); }

  bool must_close(const Progress& progress) const {
    return progress.phase == Progress::Phase::inside && progress.spent >= budget_->tokens &&
           progress.closed < budget_->closing.size();
  }

  Progress after(Progress progress, TokenId token) const {
    using Phase = Progress::Phase;
    if (progress.phase == Phase::behind) return progress;
    if (is_end(token)) {
      progress.phase = Phase::behind;
      return progress;
    }
    if (must_close(progress)) {
      if (++progress.closed == budget_->closing.size()) progress.phase = Phase::behind;
      return progress;
    }
    progress.tail += tokenizer_.token_bytes(token);
    if (progress.phase == Phase::before) {
      // Reasoning stands at the beginning, perhaps behind blanks.
      progress.tail.erase(0, std::min(progress.tail.find_first_not_of(" \t\r\n"), progress.tail.size()));
      if (progress.tail.starts_with(budget_->begin)) {
        progress.phase = Phase::inside;
        progress.tail.erase(0, budget_->begin.size());
      } else if (!budget_->begin.starts_with(progress.tail)) {
        progress.phase = Phase::behind;
      }
    } else {
      ++progress.spent;
    }
    if (progress.phase == Phase::inside) {
      if (progress.tail.find(budget_->end) != std::string::npos) progress.phase = Phase::behind;
      const size_t kept = budget_->end.size() - 1;
      if (progress.tail.size() > kept) progress.tail.erase(0, progress.tail.size() - kept);
    }
    return progress;
  }

  const Tokenizer& tokenizer_;
  const std::shared_ptr<const ReasoningBudget> budget_;
  const std::vector<TokenId> ends_;
  const std::shared_ptr<const TokenConstraint> constraint_;
  const std::unique_ptr<ConstraintPlace> inner_;  // null for none
  std::vector<Progress> history_;                 // behind each token, and before the first
  bool has_ended_ = false;
  std::string no_failure_;
};

class BudgetConstraint final : public TokenConstraint {
 public:
  BudgetConstraint(const Tokenizer& tokenizer, ReasoningBudget budget, std::shared_ptr<const TokenConstraint> inner)
      : tokenizer_(tokenizer),
        budget_(std::make_shared<const ReasoningBudget>(std::move(budget))),
        inner_(std::move(inner)) {
    ESTOC_CHECK(!budget_->closing.empty() && !budget_->end.empty());
  }

  std::unique_ptr<ConstraintPlace> start(std::span<const TokenId> end_tokens,
                                         std::span<const TokenId> stop_tokens) const override {
    return std::make_unique<Place>(tokenizer_, budget_, std::vector<TokenId>(end_tokens.begin(), end_tokens.end()),
                                   inner_, inner_ == nullptr ? nullptr : inner_->start(end_tokens, stop_tokens));
  }

 private:
  const Tokenizer& tokenizer_;
  const std::shared_ptr<const ReasoningBudget> budget_;
  const std::shared_ptr<const TokenConstraint> inner_;
};

}  // namespace

std::shared_ptr<const TokenConstraint> with_reasoning_budget(const Tokenizer& tokenizer, ReasoningBudget budget,
                                                             std::shared_ptr<const TokenConstraint> inner) {
  return std::make_shared<const BudgetConstraint>(tokenizer, std::move(budget), std::move(inner));
}

}  // namespace estoc::grammar
