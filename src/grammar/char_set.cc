#include "grammar/char_set.h"

#include <algorithm>

namespace estoc::grammar {
namespace {

std::vector<CharRange> merged(std::vector<CharRange> ranges) {
  std::sort(ranges.begin(), ranges.end());
  std::vector<CharRange> out;
  for (const auto& [low, high] : ranges) {
    if (!out.empty() && low <= out.back().second + 1) {
      out.back().second = std::max(out.back().second, high);
    } else {
      out.emplace_back(low, high);
    }
  }
  return out;
}

std::vector<CharRange> inverted(const std::vector<CharRange>& ranges) {
  std::vector<CharRange> out;
  uint32_t from = 0;
  for (const auto& [low, high] : ranges) {
    if (low > from) out.emplace_back(from, low - 1);
    from = high + 1;
  }
  if (from <= kCodePointMax) out.emplace_back(from, kCodePointMax);
  return out;
}

}  // namespace

CharSet::CharSet(std::vector<CharRange> ranges) {
  std::vector<CharRange> kept;
  for (auto [low, high] : ranges) {
    high = std::min(high, kCodePointMax);
    if (low > high) continue;
    if (low < kSurrogateFirst) kept.emplace_back(low, std::min(high, kSurrogateFirst - 1));
    if (high >= kSurrogateAfter) kept.emplace_back(std::max(low, kSurrogateAfter), high);
  }
  ranges_ = merged(std::move(kept));
}

CharSet CharSet::all() { return CharSet({{0, kCodePointMax}}); }

CharSet CharSet::complement() const { return CharSet(inverted(ranges_)); }

CharSet unite(const CharSet& a, const CharSet& b) {
  std::vector<CharRange> both = a.ranges_;
  both.insert(both.end(), b.ranges_.begin(), b.ranges_.end());
  return CharSet(std::move(both));
}

CharSet intersect(const CharSet& a, const CharSet& b) {
  CharSet out;
  size_t i = 0, j = 0;
  while (i < a.ranges_.size() && j < b.ranges_.size()) {
    const uint32_t low = std::max(a.ranges_[i].first, b.ranges_[j].first);
    const uint32_t high = std::min(a.ranges_[i].second, b.ranges_[j].second);
    if (low <= high) out.ranges_.emplace_back(low, high);
    ++(a.ranges_[i].second < b.ranges_[j].second ? i : j);
  }
  return out;
}

bool CharSet::contains(uint32_t code_point) const {
  const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), CharRange{code_point, UINT32_MAX});
  return after != ranges_.begin() && std::prev(after)->second >= code_point;
}

}  // namespace estoc::grammar
