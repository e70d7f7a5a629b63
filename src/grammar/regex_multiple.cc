// Decimal numbers that are multiples of one, as expressions: the remainder of what was read is the state.
#include <algorithm>

#include "grammar/regex.h"
#include "grammar/regex_key.h"

namespace estoc::grammar {

RegexId RegexArena::multiple_of(uint32_t multiple, int decimals) { return add_multiple({multiple, 0, decimals, -1}); }

bool RegexArena::ends_multiple(const Multiple& multiple) const {
  uint64_t rest = multiple.rest;
  for (int i = std::max(multiple.place, 0); i < multiple.decimals; ++i) rest = rest * 10 % multiple.multiple;
  return rest == 0;
}

RegexId RegexArena::add_multiple(const Multiple& multiple) {
  if (multiple_sets_.empty()) {
    for (uint32_t c = '0'; c <= '9'; ++c) multiple_sets_.push_back(set_index(CharSet::one(c)));
    multiple_sets_.push_back(set_index(CharSet::one('.')));
  }
  const uint32_t index = static_cast<uint32_t>(multiples_.size());
  const size_t known = nodes_.size();
  const RegexId id =
      add({.kind = Kind::multiple, .is_plain = false, .is_nullable = ends_multiple(multiple), .a = index},
          key_of(Kind::multiple, multiple.multiple, multiple.rest, multiple.decimals, multiple.place));
  if (nodes_.size() > known) multiples_.push_back(multiple);
  return id;
}

RegexId RegexArena::derive_multiple(const Multiple& multiple, uint32_t code_point) {
  Multiple next = multiple;
  if (code_point == '.') {
    if (multiple.place >= 0) return kNothing;
    next.place = 0;
    return add_multiple(next);
  }
  if (code_point < '0' || code_point > '9') return kNothing;
  if (multiple.place == multiple.decimals) return code_point == '0' ? add_multiple(next) : kNothing;
  next.rest = static_cast<uint32_t>((uint64_t{multiple.rest} * 10 + code_point - '0') % multiple.multiple);
  if (multiple.place >= 0) ++next.place;
  return add_multiple(next);
}

}  // namespace estoc::grammar
