// A set of Unicode code points: sorted inclusive ranges that neither touch nor overlap. Surrogates are never in it.
//
// A value class without limits of its own; pure functions. Nothing throws.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace estoc::grammar {

using CharRange = std::pair<uint32_t, uint32_t>;
inline constexpr uint32_t kSurrogateFirst = 0xD800, kSurrogateAfter = 0xE000;

class CharSet {
 public:
  CharSet() = default;
  // Ranges in any order, overlapping or not.
  explicit CharSet(std::vector<CharRange> ranges);

  static CharSet all();
  static CharSet one(uint32_t code_point) { return CharSet({{code_point, code_point}}); }

  CharSet complement() const;
  friend CharSet unite(const CharSet& a, const CharSet& b);
  friend CharSet intersect(const CharSet& a, const CharSet& b);

  bool contains(uint32_t code_point) const;
  bool is_empty() const { return ranges_.empty(); }
  const std::vector<CharRange>& ranges() const { return ranges_; }
  bool operator==(const CharSet& other) const = default;

 private:
  std::vector<CharRange> ranges_;
};

CharSet unite(const CharSet& a, const CharSet& b);
CharSet intersect(const CharSet& a, const CharSet& b);

inline constexpr uint32_t kCodePointMax = 0x10FFFF;

}  // namespace estoc::grammar
