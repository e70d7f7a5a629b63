#include "tokenizer/score_merges.h"

#include <algorithm>

#include "base/error.h"
#include "tokenizer/unicode.h"

namespace estoc {
namespace {

constexpr size_t kTokenBytesMax = 2048;
constexpr uint32_t kMarkCodePoint = 0x2581;

// Rank 0 for the highest score; equal scores share a rank.
std::vector<float> distinct_scores(const std::vector<ScoredToken>& tokens) {
  std::vector<float> scores;
  scores.reserve(tokens.size());
  for (const ScoredToken& token : tokens) scores.push_back(token.score);
  std::sort(scores.begin(), scores.end(), std::greater<>());
  scores.erase(std::unique(scores.begin(), scores.end()), scores.end());
  return scores;
}

void add_virtual_characters(std::string_view spelling, BpeModel::Parts& model) {
  for (size_t at = 0; at < spelling.size();) {
    const std::string_view text = spelling.substr(at, character_at(spelling, at).bytes);
    at += text.size();
    if (model.texts.find(text) || model.virtual_characters.find(text)) continue;
    model.virtual_characters.insert(text, model.vocab_count + static_cast<int32_t>(model.virtual_texts.size()));
    model.virtual_texts.emplace_back(text);
  }
}

}  // namespace

bool has_inner_mark(std::string_view spelling) {
  bool after_other = false;
  for (size_t at = 0; at < spelling.size();) {
    const Character c = character_at(spelling, at);
    at += c.bytes;
    if (c.code_point == kMarkCodePoint && after_other) return true;
    after_other = c.code_point != kMarkCodePoint;
  }
  return false;
}

void add_score_merges(const std::vector<ScoredToken>& tokens, std::string_view source, BpeModel::Parts& model) {
  model.cuts_at_marks = true;
  for (const ScoredToken& token : tokens) {
    if (token.spelling.size() > kTokenBytesMax) {
      fail(ErrorCode::corrupt_file, "{}: token {} is {} bytes long, expected at most {}", source, token.id,
           token.spelling.size(), kTokenBytesMax);
    }
    if (token.spelling.empty()) continue;
    model.texts.insert(token.spelling, token.id);
    if (has_inner_mark(token.spelling)) model.cuts_at_marks = false;
  }
  for (const ScoredToken& token : tokens) add_virtual_characters(token.spelling, model);
  const std::vector<float> scores = distinct_scores(tokens);
  const auto symbol_of = [&](std::string_view text) {
    const auto symbol = model.texts.find(text);
    return symbol ? symbol : model.virtual_characters.find(text);
  };
  for (const ScoredToken& token : tokens) {
    const auto at = std::lower_bound(scores.begin(), scores.end(), token.score, std::greater<>());
    const auto rank = static_cast<uint32_t>(at - scores.begin());
    const auto merged = model.texts.find(token.spelling);
    for (size_t cut = 0; cut < token.spelling.size();) {
      cut += character_at(token.spelling, cut).bytes;
      if (cut >= token.spelling.size()) break;
      const auto left = symbol_of(token.spelling.substr(0, cut));
      const auto right = symbol_of(token.spelling.substr(cut));
      if (left && right) model.merges.insert(*left, *right, {rank, *merged});
    }
  }
}

}  // namespace estoc
