#include "grammar/regex.h"

#include <algorithm>
#include <string>

#include "base/error.h"
#include "base/utf8.h"
#include "grammar/limits.h"
#include "grammar/regex_key.h"

namespace estoc::grammar {
namespace {

bool is_word_char(uint32_t c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

const CharSet& word_chars() {
  static const CharSet chars({{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}});
  return chars;
}

// Lengths that are too large stay so.
uint32_t sum(uint64_t a, uint64_t b) { return static_cast<uint32_t>(std::min<uint64_t>(a + b, UINT32_MAX)); }
uint32_t product(uint64_t a, uint64_t b) { return static_cast<uint32_t>(std::min<uint64_t>(a * b, UINT32_MAX)); }

int less_one(int bound) { return bound == kUnbounded ? kUnbounded : bound - 1; }

}  // namespace

Beside beside(uint32_t code_point) { return is_word_char(code_point) ? Beside::word : Beside::other; }

RegexArena::RegexArena() {
  add({.kind = Kind::nothing}, key_of(Kind::nothing));
  add({.kind = Kind::empty, .is_nullable = true}, key_of(Kind::empty));
  const uint32_t all = set_index(CharSet::all());
  // kAnyText is a repeat of node 3, which is made next.
  add({.kind = Kind::repeat, .is_nullable = true, .a = 3, .least = 0, .most = kUnbounded},
      key_of(Kind::repeat, RegexId{3}, 0, kUnbounded));
  add({.kind = Kind::set, .shortest = 1, .a = all}, key_of(Kind::set, all));
}

RegexId RegexArena::add(Node node, std::string key) {
  const auto [found, is_new] = ids_.try_emplace(std::move(key), static_cast<RegexId>(nodes_.size()));
  if (is_new) {
    if (nodes_.size() >= limits::kExpressionNodesMax) {
      fail(ErrorCode::invalid_argument, "the grammar's regular expressions are too complex: more than {} parts",
           limits::kExpressionNodesMax);
    }
    if (node.depth > limits::kExpressionDepthMax) {
      fail(ErrorCode::invalid_argument, "a regular expression is nested deeper than {}", limits::kExpressionDepthMax);
    }
    nodes_.push_back(node);
  }
  return found->second;
}

uint32_t RegexArena::set_index(const CharSet& chars) {
  std::string key;
  for (const auto& range : chars.ranges()) append_bytes(key, range);
  const auto [found, is_new] = set_ids_.try_emplace(std::move(key), static_cast<uint32_t>(sets_.size()));
  if (is_new) sets_.push_back(chars);
  return found->second;
}

RegexId RegexArena::set(const CharSet& chars) {
  if (chars.is_empty()) return kNothing;
  const uint32_t index = set_index(chars);
  return add({.kind = Kind::set, .shortest = 1, .a = index}, key_of(Kind::set, index));
}

RegexId RegexArena::text(std::string_view utf8) {
  std::vector<uint32_t> chars;
  for (size_t at = 0; at < utf8.size();) {
    const int bytes = utf8_sequence_bytes(utf8.substr(at));
    if (bytes <= 0) fail(ErrorCode::invalid_argument, "a text in the grammar is not UTF-8");
    chars.push_back(utf8_decode(utf8.substr(at), bytes));
    at += static_cast<size_t>(bytes);
  }
  RegexId out = kEmptyText;
  for (size_t i = chars.size(); i > 0; --i) out = cat(set(CharSet::one(chars[i - 1])), out);
  return out;
}

RegexId RegexArena::one_of(std::vector<std::string_view> texts) {
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  // Texts [from, to) agree in their first `at` bytes; `at` is the beginning of a character.
  const auto tree = [&](const auto& self, size_t from, size_t to, size_t at) -> RegexId {
    if (to - from == 1) return text(texts[from].substr(at));
    std::vector<RegexId> parts;
    if (texts[from].size() == at) {
      parts.push_back(kEmptyText);
      ++from;
    }
    while (from < to) {
      const std::string_view rest = texts[from].substr(at);
      const int bytes = utf8_sequence_bytes(rest);
      if (bytes <= 0) fail(ErrorCode::invalid_argument, "a text in the grammar is not UTF-8");
      // As far as all that begin with this character agree.
      size_t end = from + 1;
      size_t shared = texts[from].size();
      while (end < to && texts[end].substr(at).starts_with(rest.substr(0, static_cast<size_t>(bytes)))) {
        const auto differ = std::mismatch(texts[from].begin(), texts[from].begin() + static_cast<int64_t>(shared),
                                          texts[end].begin(), texts[end].end());
        shared = static_cast<size_t>(differ.first - texts[from].begin());
        ++end;
      }
      if (end - from > 1) {
        while (shared < texts[from].size() && (static_cast<unsigned char>(texts[from][shared]) & 0xC0) == 0x80)
          --shared;
      }
      parts.push_back(cat(text(texts[from].substr(at, shared - at)), self(self, from, end, shared)));
      from = end;
    }
    return either(std::move(parts));
  };
  return texts.empty() ? kNothing : tree(tree, 0, texts.size(), 0);
}

RegexId RegexArena::cat(RegexId first, RegexId then) {
  if (first == kNothing || then == kNothing) return kNothing;
  if (first == kEmptyText) return then;
  if (then == kEmptyText) return first;
  if (first == kAnyText && then == kAnyText) return kAnyText;
  std::vector<RegexId> firsts;  // chains hang to the right; they may be long
  while (nodes_[first].kind == Kind::cat) {
    firsts.push_back(nodes_[first].a);
    first = nodes_[first].b;
  }
  for (RegexId out = cat_one(first, then);; firsts.pop_back()) {
    if (firsts.empty()) return out;
    out = cat_one(firsts.back(), out);
  }
}

RegexId RegexArena::cat_one(RegexId first, RegexId then) {
  if (first == kAnyText && nodes_[then].kind == Kind::cat && nodes_[then].a == kAnyText) return then;
  const Node &a = nodes_[first], &b = nodes_[then];
  return add({.kind = Kind::cat,
              .looks_beside = a.looks_beside || b.looks_beside,
              .is_plain = a.is_plain && b.is_plain,
              .is_nullable = a.is_nullable && b.is_nullable,
              .depth = 1 + std::max(a.depth, a.is_nullable || a.looks_beside ? b.depth : 0),
              .shortest = sum(a.shortest, b.shortest),
              .a = first,
              .b = then},
             key_of(Kind::cat, first, then));
}

std::vector<RegexId> RegexArena::flat(Kind kind, const std::vector<RegexId>& parts) const {
  std::vector<RegexId> out;
  for (const RegexId part : parts) {
    const Node& node = nodes_[part];
    if (node.kind == kind) {
      out.insert(out.end(), lists_.begin() + node.a, lists_.begin() + node.b);
    } else {
      out.push_back(part);
    }
  }
  return out;
}

RegexId RegexArena::add_list(Kind kind, const std::vector<RegexId>& parts) {
  if (parts.size() > limits::kDerivativePartsMax) {
    fail(ErrorCode::invalid_argument, "a regular expression has more than {} alternatives open at once",
         limits::kDerivativePartsMax);
  }
  std::string key = key_of(kind);
  for (const RegexId part : parts) append_bytes(key, part);
  const auto found = ids_.find(key);
  if (found != ids_.end()) return found->second;
  const bool is_either = kind == Kind::either;
  Node node{.kind = kind, .is_plain = is_either, .is_nullable = !is_either};
  for (const RegexId part : parts) {
    const Node& one = nodes_[part];
    node.looks_beside |= one.looks_beside;
    node.is_plain &= one.is_plain;
    node.depth = std::max(node.depth, one.depth + 1);
    node.shortest = part == parts[0] ? one.shortest : std::min(node.shortest, one.shortest);
    node.is_nullable = is_either ? node.is_nullable || one.is_nullable : node.is_nullable && one.is_nullable;
  }
  node.a = static_cast<uint32_t>(lists_.size());
  lists_.insert(lists_.end(), parts.begin(), parts.end());
  node.b = static_cast<uint32_t>(lists_.size());
  return add(node, std::move(key));
}

RegexId RegexArena::either(std::vector<RegexId> parts) {
  parts = flat(Kind::either, parts);
  std::vector<RegexId> kept;
  std::vector<CharRange> ranges;
  for (const RegexId part : parts) {
    if (part == kAnyText) return kAnyText;
    if (nodes_[part].kind == Kind::set) {
      const auto& more = sets_[nodes_[part].a].ranges();
      ranges.insert(ranges.end(), more.begin(), more.end());
    } else if (part != kNothing) {
      kept.push_back(part);
    }
  }
  if (!ranges.empty()) kept.push_back(set(CharSet(std::move(ranges))));
  std::sort(kept.begin(), kept.end());
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
  if (kept.size() > 1 && kept[0] == kEmptyText) {
    const bool has_empty_anyway = std::any_of(
        kept.begin() + 1, kept.end(), [&](RegexId id) { return nodes_[id].is_nullable && !nodes_[id].looks_beside; });
    if (has_empty_anyway) kept.erase(kept.begin());
  }
  if (kept.empty()) return kNothing;
  return kept.size() == 1 ? kept[0] : add_list(Kind::either, kept);
}

RegexId RegexArena::both(std::vector<RegexId> parts) {
  parts = flat(Kind::both, parts);
  std::vector<RegexId> kept;
  const CharSet* chars = nullptr;
  CharSet met;
  for (const RegexId part : parts) {
    if (part == kNothing) return kNothing;
    if (nodes_[part].kind == Kind::set) {
      met = chars ? intersect(met, sets_[nodes_[part].a]) : sets_[nodes_[part].a];
      chars = &met;
    } else if (part != kAnyText) {
      kept.push_back(part);
    }
  }
  if (chars) {
    if (met.is_empty()) return kNothing;
    kept.push_back(set(met));
  }
  std::sort(kept.begin(), kept.end());
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
  if (kept.empty()) return kAnyText;
  if (kept.size() == 1) return kept[0];
  if (kept[0] == kEmptyText && std::none_of(kept.begin(), kept.end(), [&](RegexId id) { return looks_beside(id); })) {
    return std::all_of(kept.begin(), kept.end(), [&](RegexId id) { return nodes_[id].is_nullable; }) ? kEmptyText
                                                                                                     : kNothing;
  }
  for (const RegexId part : kept) {
    if (nodes_[part].kind == Kind::complement && std::binary_search(kept.begin(), kept.end(), nodes_[part].a)) {
      return kNothing;
    }
  }
  return add_list(Kind::both, kept);
}

RegexId RegexArena::complement(RegexId inner) {
  if (inner == kNothing) return kAnyText;
  if (inner == kAnyText) return kNothing;
  const Node& node = nodes_[inner];
  if (node.kind == Kind::complement) return node.a;
  return add({.kind = Kind::complement,
              .looks_beside = node.looks_beside,
              .is_plain = false,
              .is_nullable = !node.is_nullable,
              .depth = node.depth + 1,
              .a = inner},
             key_of(Kind::complement, inner));
}

RegexId RegexArena::repeat(RegexId inner, int least, int most) {
  if (most == 0 || inner == kEmptyText) return kEmptyText;
  if (inner == kNothing) return least == 0 ? kEmptyText : kNothing;
  if (least == 1 && most == 1) return inner;
  if (inner == kAnyText) return kAnyText;
  const Node node = nodes_[inner];
  if (node.kind == Kind::repeat && node.least == 0 && node.most == kUnbounded) return inner;
  if (node.looks_beside && least > 0) {
    // Which of the rounds are empty depends on where they are: written out, the derivative sees that.
    if (least > 100) fail(ErrorCode::unsupported, "an anchor within a repeat of more than 100 is not supported");
    return cat(inner, repeat(inner, least - 1, less_one(most)));
  }
  if (node.is_nullable && !node.looks_beside) least = 0;
  return add({.kind = Kind::repeat,
              .looks_beside = node.looks_beside,
              .is_plain = node.is_plain,
              .is_nullable = least == 0,
              .depth = node.depth + 1,
              .shortest = product(node.shortest, static_cast<uint64_t>(least)),
              .a = inner,
              .least = least,
              .most = most},
             key_of(Kind::repeat, inner, least, most));
}

RegexId RegexArena::limited(RegexId inner, int most) {
  if (inner == kNothing || inner == kEmptyText) return inner;
  if (inner == kAnyText) return repeat(any_char(), 0, most);
  const Node node = nodes_[inner];
  // Where the shortest text is known, dead ends are told at once; elsewhere they have to be searched for.
  if (!node.is_plain || node.looks_beside) return both({inner, repeat(any_char(), 0, most)});
  if (node.shortest > static_cast<uint32_t>(most)) return kNothing;
  if (most == 0) return kEmptyText;
  return add({.kind = Kind::limited,
              .is_nullable = node.is_nullable,
              .depth = node.depth + 1,
              .shortest = node.shortest,
              .a = inner,
              .most = most},
             key_of(Kind::limited, inner, most));
}

RegexId RegexArena::edge(bool is_end) {
  const Kind kind = is_end ? Kind::end : Kind::begin;
  return add({.kind = kind, .looks_beside = true, .is_plain = false}, key_of(kind));
}

RegexId RegexArena::word_boundary(bool is_negated) {
  const Kind kind = is_negated ? Kind::inside : Kind::boundary;
  return add({.kind = kind, .looks_beside = true, .is_plain = false, .a = set_index(word_chars())}, key_of(kind));
}

bool RegexArena::is_nullable(RegexId id, Beside before, Beside after) const {
  const Node& node = nodes_[id];
  if (!node.looks_beside) return node.is_nullable;
  const auto inner = [&](RegexId part) { return is_nullable(part, before, after); };
  switch (node.kind) {
    case Kind::cat:
      return inner(node.a) && inner(node.b);
    case Kind::either:
      return std::any_of(lists_.begin() + node.a, lists_.begin() + node.b, inner);
    case Kind::both:
      return std::all_of(lists_.begin() + node.a, lists_.begin() + node.b, inner);
    case Kind::complement:
      return !inner(node.a);
    case Kind::repeat:
      return node.least == 0 || inner(node.a);
    case Kind::begin:
      return before == Beside::edge;
    case Kind::end:
      return after == Beside::edge;
    case Kind::boundary:
      return (before == Beside::word) != (after == Beside::word);
    case Kind::inside:
      return (before == Beside::word) == (after == Beside::word);
    default:
      return node.is_nullable;
  }
}

RegexId RegexArena::derive(RegexId id, Beside before, uint32_t code_point) {
  const Node node = nodes_[id];  // a copy: the arena grows
  switch (node.kind) {
    case Kind::set:
      return sets_[node.a].contains(code_point) ? kEmptyText : kNothing;
    case Kind::cat: {
      const RegexId in_first = cat(derive(node.a, before, code_point), node.b);
      if (!is_nullable(node.a, before, beside(code_point))) return in_first;
      return either({in_first, derive(node.b, before, code_point)});
    }
    case Kind::either:
    case Kind::both: {
      std::vector<RegexId> parts(lists_.begin() + node.a, lists_.begin() + node.b);
      size_t kept = 0;
      for (const RegexId part : parts) {
        const RegexId derived = derive(part, before, code_point);
        if (derived == kNothing && node.kind == Kind::both) return kNothing;
        if (derived != kNothing) parts[kept++] = derived;
      }
      parts.resize(kept);
      return node.kind == Kind::either ? either(std::move(parts)) : both(std::move(parts));
    }
    case Kind::complement:
      return complement(derive(node.a, before, code_point));
    case Kind::repeat: {
      const RegexId first = derive(node.a, before, code_point);
      if (first == kNothing) return kNothing;
      return cat(first, repeat(node.a, std::max(node.least - 1, 0), less_one(node.most)));
    }
    case Kind::limited:
      return limited(derive(node.a, before, code_point), node.most - 1);
    case Kind::multiple:
      return derive_multiple(Multiple(multiples_[node.a]), code_point);
    default:
      return kNothing;
  }
}

void RegexArena::collect_sets(RegexId id, std::vector<uint32_t>& sets) const {
  const Node& node = nodes_[id];
  switch (node.kind) {
    case Kind::set:
    case Kind::boundary:
    case Kind::inside:
    case Kind::multiple:
      if (node.kind == Kind::multiple) {
        for (const uint32_t digit : multiple_sets_) sets.push_back(digit);
      } else {
        sets.push_back(node.a);
      }
      break;
    case Kind::cat:
      collect_sets(node.a, sets);
      if (nodes_[node.a].is_nullable || nodes_[node.a].looks_beside) collect_sets(node.b, sets);
      break;
    case Kind::either:
    case Kind::both:
      for (uint32_t i = node.a; i < node.b; ++i) collect_sets(lists_[i], sets);
      break;
    case Kind::complement:
    case Kind::repeat:
    case Kind::limited:
      collect_sets(node.a, sets);
      break;
    default:
      break;
  }
}

}  // namespace estoc::grammar
