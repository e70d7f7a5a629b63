// Regular languages over code points as expressions with "and" and "not", and their derivatives.
//
// What: expressions are made once (equal ones have one id) in an arena and simplified as they are made, so that an
// expression which is nothing has the id kNothing whenever that can be told cheaply. The derivative of an expression by
// a character is what may follow that character; states over characters are expressions (char_dfa.h). Anchors and word
// boundaries look at the characters beside them only.
// Ownership: the arena owns everything; ids are valid in their arena alone. Threads: one at a time.
// Errors: Error{invalid_argument} when an arena passes its limits (grammar/limits.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "grammar/char_set.h"

namespace estoc::grammar {

using RegexId = uint32_t;
inline constexpr RegexId kNothing = 0;    // no text at all
inline constexpr RegexId kEmptyText = 1;  // the text without characters
inline constexpr RegexId kAnyText = 2;    // every text
inline constexpr int kUnbounded = -1;

// What stands beside a place in a text.
enum class Beside : uint8_t { edge, word, other };
Beside beside(uint32_t code_point);  // word or other: ASCII letters, digits and _

class RegexArena {
 public:
  RegexArena();

  RegexId set(const CharSet& chars);
  RegexId any_char() { return set(CharSet::all()); }
  RegexId text(std::string_view utf8);
  RegexId one_of(std::vector<std::string_view> texts);  // a tree that shares beginnings
  RegexId cat(RegexId first, RegexId then);
  RegexId either(std::vector<RegexId> parts);
  RegexId both(std::vector<RegexId> parts);
  RegexId complement(RegexId inner);
  RegexId repeat(RegexId inner, int least, int most = kUnbounded);
  // Texts of `inner` of at most so many characters.
  RegexId limited(RegexId inner, int most);
  RegexId edge(bool is_end);               // ^ and $ without lines
  RegexId word_boundary(bool is_negated);  // \b and \B
  // Decimal numbers (digits, maybe a point and more digits) that are multiples of `multiple` divided by 10^`decimals`.
  RegexId multiple_of(uint32_t multiple, int decimals);

  // Does the expression contain the empty text between these?
  bool is_nullable(RegexId id, Beside before, Beside after) const;
  RegexId derive(RegexId id, Beside before, uint32_t code_point);
  // The sets that tell characters apart for the next derivative.
  void collect_sets(RegexId id, std::vector<uint32_t>& sets) const;
  const CharSet& set_at(uint32_t index) const { return sets_[index]; }

  bool looks_beside(RegexId id) const { return nodes_[id].looks_beside; }
  // Some text is in it, and in each derivative that is not kNothing.
  bool is_plain(RegexId id) const { return nodes_[id].is_plain; }
  size_t node_count() const { return nodes_.size(); }

 private:
  enum class Kind : uint8_t {
    nothing,
    empty,
    set,
    cat,
    either,
    both,
    complement,
    repeat,
    limited,
    begin,
    end,
    boundary,
    inside,
    multiple
  };
  struct Node {
    Kind kind = Kind::nothing;
    bool looks_beside = false;
    bool is_plain = true;
    bool is_nullable = false;  // where nothing looks beside
    uint32_t depth = 1;        // of the recursion that a derivative takes
    uint32_t shortest = 0;     // characters of its shortest text, where it is plain
    // set: index; cat: first, then; complement, repeat and limited: inner; either and both: the range of `lists_`;
    // multiple: the index in `multiples_`.
    uint32_t a = 0, b = 0;
    int least = 0, most = 0;
  };
  struct Multiple {
    uint32_t multiple, rest;
    int decimals, place;  // place: decimals read so far, -1 before the point
    bool operator==(const Multiple&) const = default;
  };

  RegexId add(Node node, std::string key);
  RegexId cat_one(RegexId first, RegexId then);
  RegexId add_list(Kind kind, const std::vector<RegexId>& parts);
  std::vector<RegexId> flat(Kind kind, const std::vector<RegexId>& parts) const;
  RegexId add_multiple(const Multiple& multiple);
  bool ends_multiple(const Multiple& multiple) const;
  RegexId derive_multiple(const Multiple& multiple, uint32_t code_point);
  uint32_t set_index(const CharSet& chars);

  std::vector<Node> nodes_;
  std::vector<RegexId> lists_;
  std::vector<CharSet> sets_;
  std::vector<Multiple> multiples_;
  std::vector<uint32_t> multiple_sets_;  // the digits and the point, once a multiple is there
  std::unordered_map<std::string, RegexId> ids_;
  std::unordered_map<std::string, uint32_t> set_ids_;
};

}  // namespace estoc::grammar
