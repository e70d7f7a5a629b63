// Tokens that are matched in the text itself, before it is split into words: special tokens and user-defined ones.
// At every place the longest one wins, from left to right. Immutable after the last add(); safe from any thread.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ids.h"

namespace estoc {

struct AddedToken {
  TokenId id = 0;
  bool is_special = false;   // not matched when special tokens in the text are read as text
  bool single_word = false;  // only where no word character stands before or after
  bool takes_left = false;   // swallows the blanks before it ("lstrip")
  bool takes_right = false;  // swallows the blanks after it ("rstrip")
};

class AddedTokens {
 public:
  // An empty spelling matches nowhere and is ignored. The last token given for a spelling wins.
  void add(std::string_view spelling, const AddedToken& token);
  bool is_empty() const { return tokens_.empty(); }

  // Calls `on_text` for every stretch between tokens (never empty) and `on_token` for every token, in text order.
  void split(std::string_view text, bool parse_special, const std::function<void(std::string_view)>& on_text,
             const std::function<void(TokenId)>& on_token) const;

 private:
  struct Match {
    size_t bytes;
    const AddedToken* token;
  };
  std::optional<Match> longest_at(std::string_view text, size_t at, bool parse_special) const;

  // A trie over bytes: children are found by (node, byte); node 0 is the root.
  std::unordered_map<uint64_t, uint32_t> children_;
  std::vector<int32_t> token_of_node_{-1};  // index into tokens_, or -1
  std::vector<AddedToken> tokens_;
  std::bitset<256> first_bytes_;
};

}  // namespace estoc
