#include "grammar/vocabulary.h"

#include <algorithm>

#include "base/error.h"
#include "base/utf8.h"
#include "grammar/mask_entry.h"

namespace estoc::grammar {
namespace {

constexpr size_t kTokenBytesMax = 4096;  // trees are walked by recursion

// Characters of a text that a JSON string may contain as it is; 0 when it is none.
uint32_t free_chars(std::string_view text) {
  uint32_t out = 0;
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text[0]);
    const int bytes = utf8_sequence_bytes(text);
    if (bytes <= 0 || c < 0x20 || c == '"' || c == '\\') return 0;
    text.remove_prefix(static_cast<size_t>(bytes));
    ++out;
  }
  return out;
}

}  // namespace

TokenTree::TokenTree(std::vector<TokenId> tokens, std::span<const std::string_view> bytes)
    : tokens_(std::move(tokens)) {
  const auto text = [&](TokenId token) { return bytes[static_cast<size_t>(token)]; };
  std::sort(tokens_.begin(), tokens_.end(),
            [&](TokenId a, TokenId b) { return text(a) != text(b) ? text(a) < text(b) : a < b; });
  nodes_.clear();
  std::vector<uint32_t> path;  // the nodes of the text before
  std::string_view before;
  for (size_t i = 0; i < tokens_.size(); ++i) {
    const std::string_view now = text(tokens_[i]);
    size_t shared = 0;
    while (shared < now.size() && shared < before.size() && now[shared] == before[shared]) ++shared;
    for (size_t d = shared; d < path.size(); ++d) nodes_[path[d]].end = static_cast<uint32_t>(nodes_.size());
    path.resize(shared);
    for (size_t d = shared; d < now.size(); ++d) {
      path.push_back(static_cast<uint32_t>(nodes_.size()));
      nodes_.push_back({static_cast<uint8_t>(now[d]), 0, static_cast<uint32_t>(i)});
    }
    depth_ = std::max(depth_, now.size());
    before = now;
  }
  for (const uint32_t node : path) nodes_[node].end = static_cast<uint32_t>(nodes_.size());
  nodes_.push_back({0, 0, static_cast<uint32_t>(tokens_.size())});
}

uint32_t TokenTree::child(uint32_t from, uint32_t to, uint8_t byte) const {
  for (uint32_t node = from; node < to; node = nodes_[node].end) {
    if (nodes_[node].byte == byte) return node;
  }
  return kNone;
}

uint32_t TokenTree::find(std::string_view beginning) const {
  uint32_t from = 0, to = node_count(), found = kNone;
  for (const char c : beginning) {
    found = child(from, to, static_cast<uint8_t>(c));
    if (found == kNone) return kNone;
    from = found + 1;
    to = nodes_[found].end;
  }
  return found;
}

TokenId TokenTree::longest(std::string_view text) const {
  TokenId out = -1;
  uint32_t from = 0, to = node_count();
  for (const char c : text) {
    const uint32_t found = child(from, to, static_cast<uint8_t>(c));
    if (found == kNone) break;
    if (!tokens_at(found).empty()) out = tokens_at(found)[0];
    from = found + 1;
    to = nodes_[found].end;
  }
  return out;
}

Vocabulary::~Vocabulary() = default;

Vocabulary::Vocabulary(std::span<const std::string_view> bytes)
    : token_count_(bytes.size()), common_(std::make_unique<CommonEntries>()) {
  std::vector<TokenId> all, others;
  free_.assign(kFreeCharsMax + 1, std::vector<uint32_t>(word_count()));
  offsets_.reserve(bytes.size() + 1);
  for (size_t t = 0; t < bytes.size(); ++t) {
    offsets_.push_back(static_cast<uint32_t>(text_.size()));
    text_.insert(text_.end(), bytes[t].begin(), bytes[t].end());
    if (bytes[t].empty()) continue;
    if (bytes[t].size() > kTokenBytesMax) {
      fail(ErrorCode::invalid_argument, "token {} has {} bytes, and a grammar takes up to {}", t, bytes[t].size(),
           kTokenBytesMax);
    }
    const auto token = static_cast<TokenId>(t);
    all.push_back(token);
    const uint32_t chars = free_chars(bytes[t]);
    if (chars == 0 || chars > kFreeCharsMax) {
      others.push_back(token);
    } else {
      for (uint32_t most = chars; most <= kFreeCharsMax; ++most) free_[most][t / 32] |= uint32_t{1} << (t % 32);
    }
  }
  offsets_.push_back(static_cast<uint32_t>(text_.size()));
  all_ = TokenTree(std::move(all), bytes);
  others_ = TokenTree(std::move(others), bytes);
}

std::optional<std::vector<TokenId>> Vocabulary::tokens_of(std::string_view text) const {
  std::vector<TokenId> out;
  while (!text.empty()) {
    const TokenId token = all_.longest(text);
    if (token < 0) return std::nullopt;
    out.push_back(token);
    text.remove_prefix(bytes(token).size());
  }
  return out;
}

std::span<const uint32_t> Vocabulary::free_tokens(uint32_t chars) const {
  return free_[std::min(chars, kFreeCharsMax)];
}

std::string_view Vocabulary::bytes(TokenId token) const {
  if (token < 0 || static_cast<size_t>(token) >= token_count_) return {};
  const auto t = static_cast<size_t>(token);
  return {text_.data() + offsets_[t], offsets_[t + 1] - offsets_[t]};
}

}  // namespace estoc::grammar
