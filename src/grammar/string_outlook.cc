#include "grammar/string_outlook.h"

#include <algorithm>

namespace estoc::grammar {
namespace {

constexpr uint32_t kFirstUnescaped = 0x20;
constexpr size_t kTakingStatesMax = 64;

}  // namespace

bool StringOutlook::for_each_free(CharState from, const auto& each) {
  const std::vector<CharEdge>& edges = dfa_.edges(from);
  for (size_t i = 0; i < edges.size(); ++i) {
    const uint32_t first = edges[i].from, end = i + 1 < edges.size() ? edges[i + 1].from : kCodePointMax + 1;
    // Ranges that hold only what needs an escape, or the surrogates, do not count.
    if (end <= kFirstUnescaped || (first >= kSurrogateFirst && end <= kSurrogateAfter)) continue;
    if (end == first + 1 && (first == '"' || first == '\\')) continue;
    if (!each(edges[i].to)) return false;
  }
  return true;
}

StringOutlook::Run StringOutlook::free_run(CharState from, uint32_t most) {
  for (uint32_t length = 0;; ++length) {
    CharState to = kDeadChar;
    bool is_first = true;
    const bool is_one = for_each_free(from, [&](CharState target) {
      if (!is_first && target != to) return false;
      to = target;
      is_first = false;
      return true;
    });
    if (!is_one) return {};
    if (to == kDeadChar) return {length, true};
    if (to == from || length >= most) return {Run::kEndless, true};
    from = to;
  }
}

bool StringOutlook::is_any_text(CharState from, uint32_t chars) {
  std::vector<CharState> path;
  CharState at = from;
  uint32_t known = 0;  // from `at` on
  while (true) {
    if (dfa_.is_any_text(at)) {
      known = StringOutlook::Run::kEndless;
      break;
    }
    if (!dfa_.accepts(at) || path.size() > chars) break;
    const std::vector<CharEdge>& edges = dfa_.edges(at);
    const bool has_surrogates_out = edges.size() == 3 && edges[1].from == kSurrogateFirst && edges[1].to == kDeadChar &&
                                    edges[2].from == kSurrogateAfter;
    const CharState to = edges[0].to;
    if (!has_surrogates_out || to == kDeadChar || edges[2].to != to) break;
    if (to == at) {
      known = StringOutlook::Run::kEndless;
      break;
    }
    path.push_back(at);
    at = to;
    const uint32_t there = at < any_text_.size() ? any_text_[at] : 0;
    if (there >= chars) {
      known = there;
      break;
    }
  }
  for (size_t i = path.size(); i-- > 0;) {
    if (known != StringOutlook::Run::kEndless) ++known;
    if (path[i] >= any_text_.size()) any_text_.resize(path[i] + 1);
    any_text_[path[i]] = known;
  }
  return known >= chars;
}

bool StringOutlook::takes_free(CharState from) {
  if (from < taking_.size() && taking_[from] != Taking::unknown) return taking_[from] == Taking::takes;
  std::vector<CharState> found{from};
  const auto is_found = [&](CharState one) { return std::find(found.begin(), found.end(), one) != found.end(); };
  bool takes = true;
  for (size_t i = 0; i < found.size() && takes; ++i) {
    takes = for_each_free(found[i], [&](CharState target) {
      if (target == kDeadChar || found.size() > kTakingStatesMax) return false;
      const bool is_told = target < taking_.size() && taking_[target] == Taking::takes;
      if (!is_told && !is_found(target)) found.push_back(target);
      return true;
    });
  }
  if (!takes) found.resize(1);
  for (const CharState one : found) {
    if (one >= taking_.size()) taking_.resize(one + 1);
    taking_[one] = takes ? Taking::takes : Taking::not_told;
  }
  return takes;
}

}  // namespace estoc::grammar
