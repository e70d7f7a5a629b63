#include "jinja/comparison.h"

#include <algorithm>

#include "jinja/failure.h"
#include "jinja/iteration.h"
#include "jinja/unicode.h"
#include "jinja/value.h"

namespace estoc::jinja {
namespace {

constexpr int kUnordered = 2;

int compare_numbers(const Value& left, const Value& right) {
  if (left.is_integral() && right.is_integral()) {
    return left.as_integer() < right.as_integer() ? -1 : left.as_integer() > right.as_integer();
  }
  // A long double holds every int64 exactly, so 2**53 + 1 is not equal to 2.0**53.
  const auto wide = [](const Value& value) {
    return value.is_float() ? static_cast<long double>(value.as_double())
                            : static_cast<long double>(value.as_integer());
  };
  const long double a = wide(left);
  const long double b = wide(right);
  if (a != a || b != b) return kUnordered;
  return a < b ? -1 : a > b;
}

bool equal_dicts(const Dict& left, const Dict& right) {
  if (left.size() != right.size()) return false;
  return std::all_of(left.entries().begin(), left.entries().end(), [&](const Dict::Entry& entry) {
    const Value* other = right.find(entry.first);
    return other && is_equal(entry.second, *other);
  });
}

bool equal_sequences(const Value& left, const Value& right) {
  const Sequence& a = left.sequence();
  const Sequence& b = right.sequence();
  if (&a == &b) return true;
  const bool by_items = a.kind == SequenceKind::list || a.kind == SequenceKind::tuple ||
                        a.kind == SequenceKind::range || a.kind == SequenceKind::dict_keys ||
                        a.kind == SequenceKind::dict_items;
  return by_items && a.kind == b.kind &&
         std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(),
                    [](const Value& x, const Value& y) { return is_equal(x, y); });
}

bool is_ordered_sequence(const Value& value) {
  return value.is_sequence(SequenceKind::list) || value.is_sequence(SequenceKind::tuple);
}

}  // namespace

bool is_equal(const Value& left, const Value& right) {
  if (left.is_number() && right.is_number()) return compare_numbers(left, right) == 0;
  if (left.is_string() && right.is_string()) return left.bytes() == right.bytes();
  if (left.is_none() || right.is_none()) return left.is_none() && right.is_none();
  if (left.is_undefined() || right.is_undefined()) return left.is_undefined() && right.is_undefined();
  if (left.is_sequence() && right.is_sequence()) return equal_sequences(left, right);
  if (left.is_dict() && right.is_dict()) return equal_dicts(left.dict(), right.dict());
  return left.is_object() && right.is_object() && left.address() == right.address();
}

bool is_same(const Value& left, const Value& right) {
  if (left.is_undefined() && right.is_undefined()) return left.address() == right.address();
  if (left.is_undefined() || right.is_undefined()) return false;
  if (left.address() || right.address()) {
    if (left.is_string() && right.is_string()) return left.bytes() == right.bytes();  // as if strings were interned
    return left.address() == right.address();
  }
  if (left.is_bool() != right.is_bool() || left.is_float() != right.is_float()) return false;
  return is_equal(left, right);
}

int compare(const Value& left, const Value& right, const char* sign) {
  if (left.is_undefined()) stop("{}", left.undefined_reason());
  if (right.is_undefined()) stop("{}", right.undefined_reason());
  if (left.is_number() && right.is_number()) return compare_numbers(left, right);
  if (left.is_string() && right.is_string()) {
    const int order = left.bytes().compare(right.bytes());
    return order < 0 ? -1 : order > 0;
  }
  if (is_ordered_sequence(left) && is_ordered_sequence(right) && left.sequence().kind == right.sequence().kind) {
    const Values& a = left.sequence().items;
    const Values& b = right.sequence().items;
    for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
      if (!is_equal(a[i], b[i])) return compare(a[i], b[i], sign);
    }
    return a.size() < b.size() ? -1 : a.size() > b.size();
  }
  stop("'{}' not supported between instances of '{}' and '{}'", sign, left.type_name(), right.type_name());
}

bool is_in(const Value& needle, const Value& haystack) {
  if (haystack.is_string()) {
    if (!needle.is_string()) stop("'in <string>' requires string as left operand, not {}", needle.type_name());
    return find_text(haystack.bytes(), needle.bytes()) != std::string_view::npos;
  }
  if (haystack.is_dict()) return haystack.dict().find(needle) != nullptr;
  if (haystack.is_object()) stop("argument of type '{}' is not iterable", haystack.type_name());
  ItemReader items(haystack);
  while (const auto item = items.next()) {
    if (is_equal(needle, *item)) return true;
  }
  return false;
}

}  // namespace estoc::jinja
