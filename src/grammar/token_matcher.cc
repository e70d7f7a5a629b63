#include "grammar/token_matcher.h"

#include <algorithm>

#include "base/check.h"
#include "base/error.h"
#include "grammar/completion.h"

namespace estoc::grammar {
namespace {

constexpr int kNoByte = -1, kManyBytes = 256;

}  // namespace

TokenGrammar::TokenGrammar(std::unique_ptr<Grammar> grammar, std::shared_ptr<const Vocabulary> vocabulary)
    : grammar_(std::move(grammar)),
      vocabulary_(std::move(vocabulary)),
      masks_(*grammar_, *vocabulary_),
      distances_(grammar_->automaton) {}

size_t TokenGrammar::byte_count() {
  // Of a state, and of an expression with its place among the others, as they come out on the whole.
  constexpr size_t kStateBytes = 150, kExpressionBytes = 250;
  const MutexLock lock(grammar_->mutex);
  return grammar_->automaton.state_count() * kStateBytes + grammar_->automaton.table_bytes() +
         grammar_->arena.node_count() * kExpressionBytes + masks_.byte_count();
}

TokenMatcher::TokenMatcher(std::shared_ptr<TokenGrammar> grammar, std::vector<TokenId> end_tokens)
    : grammar_(std::move(grammar)), end_tokens_(std::move(end_tokens)), chart_(grammar_->grammar().automaton) {
  const MutexLock lock(grammar_->grammar().mutex);
  chart_.start(grammar_->grammar().start);
}

bool TokenMatcher::is_end(TokenId token) const {
  return std::find(end_tokens_.begin(), end_tokens_.end(), token) != end_tokens_.end();
}

// Under the grammar's mutex.
bool TokenMatcher::push(TokenId token) const {
  if (has_ended_ || !failure_.empty()) return false;
  if (is_end(token)) {
    if (!chart_.ends_outside()) return false;
    has_ended_ = true;
    lengths_.push_back(0);
    return true;
  }
  const std::string_view bytes = grammar_->vocabulary().bytes(token);
  if (bytes.empty() || !chart_.push(bytes)) return false;
  lengths_.push_back(static_cast<uint32_t>(bytes.size()));
  return true;
}

bool TokenMatcher::accept(TokenId token) {
  const MutexLock lock(grammar_->grammar().mutex);
  const size_t rows = chart_.row_count();
  try {
    return push(token);
  } catch (const Error& error) {
    chart_.pop(chart_.row_count() - rows);
    failure_ = error.what();
    return false;
  }
}

void TokenMatcher::roll_back(size_t tokens) {
  ESTOC_CHECK(tokens <= lengths_.size());
  for (; tokens > 0; --tokens) {
    if (lengths_.back() == 0) has_ended_ = false;
    chart_.pop(lengths_.back());
    lengths_.pop_back();
  }
}

// The one byte that may come next; kNoByte or kManyBytes where there is not one.
int TokenMatcher::only_byte() {
  Automaton& automaton = grammar_->grammar().automaton;
  int only = kNoByte;
  for (int byte = 0; byte < 256; ++byte) {
    const auto goes_on = [&](const Chart::Item& item) {
      return automaton.step(item.state, static_cast<uint8_t>(byte)) != kDeadState;
    };
    if (!std::ranges::any_of(chart_.last(), goes_on)) continue;
    if (!chart_.push(static_cast<uint8_t>(byte))) continue;  // a text that must not be
    chart_.pop(1);
    if (only != kNoByte) return kManyBytes;
    only = byte;
  }
  return only;
}

TokenMatcher::Forced TokenMatcher::forced(size_t most) {
  const MutexLock lock(grammar_->grammar().mutex);
  const size_t rows = chart_.row_count();
  Forced out;
  try {
    while (out.bytes.size() < most && !has_ended_ && failure_.empty()) {
      const int byte = only_byte();
      if (chart_.ends_outside()) {
        out.must_end = byte == kNoByte;
        break;
      }
      if (byte == kNoByte || byte == kManyBytes) break;
      out.bytes.push_back(static_cast<char>(byte));
      chart_.push(static_cast<uint8_t>(byte));
    }
  } catch (const Error& error) {
    failure_ = error.what();
    out = {};
  }
  chart_.pop(chart_.row_count() - rows);
  return out;
}

std::optional<std::vector<TokenId>> TokenMatcher::shortest_completion(size_t bytes_most) {
  const MutexLock lock(grammar_->grammar().mutex);
  if (has_ended_) return std::vector<TokenId>{};
  if (!failure_.empty()) return std::nullopt;
  const size_t rows = chart_.row_count();
  try {
    Completion completion(grammar_->grammar().automaton, grammar_->distances());
    const std::optional<std::string> text = completion.find(chart_, bytes_most);
    return text ? grammar_->vocabulary().tokens_of(*text) : std::nullopt;
  } catch (const Error&) {  // a limit on the way to it, which the text itself may never meet
    chart_.pop(chart_.row_count() - rows);
    return std::nullopt;
  }
}

// What `words` allow, and the end tokens where the text may end: what they are made of is not theirs to say.
void TokenMatcher::allow_only(std::span<const uint32_t> words, TokenMask& mask) const {
  const bool may_end = (chart_.ends_outside() && !has_ended_) || !failure_.empty();
  std::vector<TokenId> ending;
  for (const TokenId token : end_tokens_) {
    if (may_end && mask.allows(token)) ending.push_back(token);
  }
  const auto all = mask.words();
  const size_t both = std::min(all.size(), words.size());
  for (size_t w = 0; w < both; ++w) all[w] &= words[w];
  std::fill(all.begin() + static_cast<ptrdiff_t>(both), all.end(), 0);
  for (const TokenId token : end_tokens_) mask.forbid(token);
  for (const TokenId token : ending) {
    all[static_cast<size_t>(token) / TokenMask::kBits] |= uint32_t{1}
                                                          << (static_cast<size_t>(token) % TokenMask::kBits);
  }
}

void TokenMatcher::restrict(TokenMask& mask, std::span<const TokenId> ahead) const {
  const MutexLock lock(grammar_->grammar().mutex);
  const size_t rows = chart_.row_count(), tokens = lengths_.size();
  const bool had_ended = has_ended_;
  std::span<const uint32_t> words;
  const auto go_back = [&]() {
    chart_.pop(chart_.row_count() - rows);
    lengths_.resize(tokens);
    has_ended_ = had_ended;
  };
  try {
    bool is_allowed = true;
    for (const TokenId token : ahead) is_allowed = is_allowed && push(token);
    if (is_allowed && !has_ended_ && failure_.empty()) words = grammar_->masks().fill(chart_);
  } catch (const Error& error) {
    failure_ = error.what();
    words = {};
    go_back();
  }
  allow_only(words, mask);
  go_back();
}

}  // namespace estoc::grammar
