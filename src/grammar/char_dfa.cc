#include "grammar/char_dfa.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "grammar/limits.h"

namespace estoc::grammar {
namespace {

constexpr int kSplitDepthMax = 1000;  // characters of a text that is listed

// Which of the sets hold the characters from each of these on. Surrogates are cut out: no set holds them, but a
// complement would.
struct Partition {
  std::vector<uint32_t> cuts;
  std::vector<std::vector<uint64_t>> members;
};

Partition partition_of(const RegexArena& arena, std::vector<uint32_t> sets) {
  std::sort(sets.begin(), sets.end());
  sets.erase(std::unique(sets.begin(), sets.end()), sets.end());
  Partition out;
  out.cuts = {0, kSurrogateFirst, kSurrogateAfter};
  for (const uint32_t set : sets) {
    for (const auto& [low, high] : arena.set_at(set).ranges()) {
      out.cuts.push_back(low);
      out.cuts.push_back(high + 1);
    }
  }
  std::sort(out.cuts.begin(), out.cuts.end());
  out.cuts.erase(std::unique(out.cuts.begin(), out.cuts.end()), out.cuts.end());
  while (out.cuts.back() > kCodePointMax) out.cuts.pop_back();
  out.members.assign(out.cuts.size(), std::vector<uint64_t>((sets.size() + 63) / 64));
  for (size_t i = 0; i < sets.size(); ++i) {
    for (const auto& [low, high] : arena.set_at(sets[i]).ranges()) {
      const auto first = std::lower_bound(out.cuts.begin(), out.cuts.end(), low) - out.cuts.begin();
      for (auto at = static_cast<size_t>(first); at < out.cuts.size() && out.cuts[at] <= high; ++at) {
        out.members[at][i / 64] |= uint64_t{1} << (i % 64);
      }
    }
  }
  return out;
}

}  // namespace

CharState CharDfa::state(RegexId id, Beside before) {
  if (id == kNothing) return kDeadChar;
  if (!arena_.looks_beside(id)) before = Beside::other;
  const uint64_t key = uint64_t{id} * 4 + static_cast<uint64_t>(before);
  const auto [found, is_new] = ids_.try_emplace(key, static_cast<CharState>(states_.size()));
  if (is_new) {
    if (states_.size() >= limits::kCharStatesMax) {
      fail(ErrorCode::invalid_argument, "the grammar's regular expressions are too complex: more than {} states",
           limits::kCharStatesMax);
    }
    states_.push_back({id, before, arena_.is_nullable(id, before, Beside::edge),
                       arena_.is_plain(id) ? State::Life::live : State::Life::unknown});
  }
  return found->second;
}

const std::vector<CharEdge>& CharDfa::raw_edges(CharState from) {
  if (states_[from].has_all_edges) return states_[from].edges;
  const RegexId regex = states_[from].regex;
  const Beside before = states_[from].before;
  std::vector<uint32_t> sets;
  arena_.collect_sets(regex, sets);
  const Partition partition = partition_of(arena_, std::move(sets));
  std::map<std::vector<uint64_t>, CharState> targets;
  std::vector<CharEdge> edges;
  for (size_t i = 0; i < partition.cuts.size(); ++i) {
    const uint32_t c = partition.cuts[i];
    CharState to = kDeadChar;
    if (c < kSurrogateFirst || c >= kSurrogateAfter) {
      const auto [found, is_new] = targets.try_emplace(partition.members[i], kDeadChar);
      if (is_new) found->second = state(arena_.derive(regex, before, c), beside(c));
      to = found->second;
    }
    if (edges.empty() || edges.back().to != to) edges.push_back({c, to});
  }
  states_[from].edges = std::move(edges);
  states_[from].has_all_edges = true;
  return states_[from].edges;
}

std::vector<CharState> CharDfa::reachable(CharState from) {
  std::vector<CharState> found{from};
  std::unordered_map<CharState, bool> seen{{from, true}};
  for (size_t i = 0; i < found.size(); ++i) {
    if (found.size() > limits::kCharStatesAtOnceMax) {
      fail(ErrorCode::invalid_argument, "a regular expression is too complex: more than {} states",
           limits::kCharStatesAtOnceMax);
    }
    for (const CharEdge& edge : std::vector<CharEdge>(raw_edges(found[i]))) {
      if (edge.to != kDeadChar && seen.try_emplace(edge.to, true).second) found.push_back(edge.to);
    }
  }
  return found;
}

// Finds for all that can be reached from here whether a text ends there.
void CharDfa::judge(CharState from) {
  const std::vector<CharState> found = reachable(from);
  std::unordered_map<CharState, std::vector<CharState>> leading_to;
  std::vector<CharState> good;
  for (const CharState one : found) {
    for (const CharEdge& edge : states_[one].edges) {
      if (edge.to != kDeadChar) leading_to[edge.to].push_back(one);
    }
    if (states_[one].accepts || states_[one].life == State::Life::live) good.push_back(one);
  }
  for (const CharState one : found) states_[one].life = State::Life::dead;
  for (const CharState one : good) states_[one].life = State::Life::live;
  while (!good.empty()) {
    const CharState one = good.back();
    good.pop_back();
    for (const CharState before : leading_to[one]) {
      if (states_[before].life == State::Life::live) continue;
      states_[before].life = State::Life::live;
      good.push_back(before);
    }
  }
}

CharState CharDfa::live(CharState state) {
  if (state == kDeadChar) return kDeadChar;
  if (states_[state].life == State::Life::unknown) judge(state);
  return states_[state].life == State::Life::live ? state : kDeadChar;
}

const std::vector<CharEdge>& CharDfa::edges(CharState from) {
  if (states_[from].has_edges) return states_[from].edges;
  std::vector<CharEdge> kept;
  for (const CharEdge& edge : std::vector<CharEdge>(raw_edges(from))) {
    const CharState to = live(edge.to);
    if (kept.empty() || kept.back().to != to) kept.push_back({edge.from, to});
  }
  states_[from].edges = std::move(kept);
  states_[from].has_edges = true;
  return states_[from].edges;
}

CharState CharDfa::step(CharState from, uint32_t code_point) {
  const std::vector<CharEdge>& all = edges(from);
  const auto after = std::upper_bound(all.begin(), all.end(), code_point,
                                      [](uint32_t c, const CharEdge& edge) { return c < edge.from; });
  return std::prev(after)->to;
}

bool CharDfa::matches(RegexId id, std::string_view utf8) {
  CharState at = start(id);
  while (at != kDeadChar && !utf8.empty()) {
    const int bytes = utf8_sequence_bytes(utf8);
    if (bytes <= 0) return false;
    at = step(at, utf8_decode(utf8, bytes));
    utf8.remove_prefix(static_cast<size_t>(bytes));
  }
  return at != kDeadChar && accepts(at);
}

CharDfa::Split CharDfa::split(RegexId id, size_t most) {
  Split out;
  const CharState from = start(id);
  if (from == kDeadChar) {
    out.is_known = true;
    return out;
  }
  std::unordered_map<CharState, std::vector<CharState>> leading_to;
  std::unordered_map<CharState, size_t> open;
  for (const CharState one : reachable(from)) {
    if (live(one) == kDeadChar) continue;
    open.try_emplace(one, 0);
    for (const CharEdge& edge : edges(one)) {
      if (edge.to == kDeadChar) continue;
      leading_to[edge.to].push_back(one);
      ++open[one];
    }
  }
  // States with few continuations: all of whose followers are such, from the ends backwards; and what leads there.
  std::unordered_map<CharState, bool> is_few, leads_to_few;
  std::vector<CharState> ends;
  for (const auto& [one, count] : open) {
    if (count == 0) ends.push_back(one);
  }
  while (!ends.empty()) {
    const CharState one = ends.back();
    ends.pop_back();
    is_few[one] = leads_to_few[one] = true;
    for (const CharState before : leading_to[one]) {
      if (--open[before] == 0) ends.push_back(before);
    }
  }
  for (const auto& [one, few] : is_few) ends.push_back(one);
  while (!ends.empty()) {
    const CharState one = ends.back();
    ends.pop_back();
    for (const CharState before : leading_to[one]) {
      if (!std::exchange(leads_to_few[before], true)) ends.push_back(before);
    }
  }
  std::string text;
  std::unordered_map<CharState, bool> is_open;  // on the way here
  const auto list = [&](const auto& self, CharState at, int depth) -> bool {
    if (is_few.contains(at) && accepts(at)) out.few.push_back(text);
    if (out.few.size() > most || depth > kSplitDepthMax || std::exchange(is_open[at], true)) return false;
    const std::vector<CharEdge> all = edges(at);
    for (size_t i = 0; i < all.size(); ++i) {
      if (all[i].to == kDeadChar || !leads_to_few.contains(all[i].to)) continue;
      const uint32_t end = i + 1 < all.size() ? all[i + 1].from : kCodePointMax + 1;
      if (end - all[i].from > most) return false;
      for (uint32_t c = all[i].from; c < end; ++c) {
        const size_t length = text.size();
        utf8_append(text, c);
        if (!self(self, all[i].to, depth + 1)) return false;
        text.resize(length);
      }
    }
    is_open[at] = false;
    return true;
  };
  out.is_known = !leads_to_few.contains(from) || list(list, from, 0);
  if (!out.is_known) {
    out.few.clear();
    return out;
  }
  const RegexId few = arena_.one_of({out.few.begin(), out.few.end()});
  out.endless = arena_.both({id, arena_.complement(few)});
  if (start(out.endless) == kDeadChar) out.endless = kNothing;
  return out;
}

}  // namespace estoc::grammar
