// The bytes of a vocabulary's tokens as a tree, made once a tokenizer.
//
// What: tokens that begin alike share the walk over their beginning; nodes stand in the order of their texts, and the
// tokens below a node stand together. A second tree has what JSON strings do not simply go on with; the tokens of whole
// characters without quote, backslash and control characters, which they do, stand beside it by their length.
// Ownership: owns its own copy. Threads: constant once made, but for
// what is common, which has a lock. Errors: Error{invalid_argument} for a token that is
// longer than can be.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace estoc::grammar {

class CommonEntries;

class TokenTree {
 public:
  struct Node {
    uint8_t byte;
    uint32_t end;     // the node behind the last below this
    uint32_t tokens;  // of tokens(), from here to the next node's: those whose text ends here
  };

  TokenTree() = default;
  // The texts of these tokens; none is empty.
  TokenTree(std::vector<TokenId> tokens, std::span<const std::string_view> bytes);

  uint32_t node_count() const { return static_cast<uint32_t>(nodes_.size()) - 1; }
  const Node& node(uint32_t index) const { return nodes_[index]; }
  std::span<const TokenId> tokens_at(uint32_t index) const { return range(index, index + 1); }
  std::span<const TokenId> tokens_below(uint32_t index) const { return range(index, nodes_[index].end); }  // and at
  size_t depth() const { return depth_; }
  // The node of the texts that begin so; kNone when there are none.
  static constexpr uint32_t kNone = UINT32_MAX;
  uint32_t find(std::string_view beginning) const;
  // The longest token that the text begins with, or -1.
  TokenId longest(std::string_view text) const;

 private:
  uint32_t child(uint32_t from, uint32_t to, uint8_t byte) const;
  std::span<const TokenId> range(uint32_t from, uint32_t to) const {
    return {tokens_.data() + nodes_[from].tokens, nodes_[to].tokens - nodes_[from].tokens};
  }

  std::vector<Node> nodes_{{0, 0, 0}};  // and one behind the last
  std::vector<TokenId> tokens_;
  size_t depth_ = 0;
};

class Vocabulary {
 public:
  // bytes[t] is what token t adds to a text; empty for tokens that no grammar may use (control tokens, holes).
  explicit Vocabulary(std::span<const std::string_view> bytes);
  ~Vocabulary();

  // Of tokens without quotes, backslashes, control characters and broken characters.
  static constexpr uint32_t kFreeCharsMax = 32;

  size_t token_count() const { return token_count_; }
  const TokenTree& all() const { return all_; }
  const TokenTree& others() const { return others_; }
  // The words of a mask of free tokens of at most so many characters; all of them from kFreeCharsMax on.
  std::span<const uint32_t> free_tokens(uint32_t chars) const;
  std::string_view bytes(TokenId token) const;
  // The text in tokens, each as long as can be; nothing where no token goes on.
  std::optional<std::vector<TokenId>> tokens_of(std::string_view text) const;
  size_t word_count() const { return (token_count_ + 31) / 32; }
  // What grammars of this vocabulary have in common, found by the first that needs it (mask_entry.h).
  CommonEntries& common() const { return *common_; }

 private:
  size_t token_count_ = 0;
  std::vector<uint32_t> offsets_;
  std::vector<char> text_;
  TokenTree all_, others_;
  std::vector<std::vector<uint32_t>> free_;
  std::unique_ptr<CommonEntries> common_;
};

}  // namespace estoc::grammar
