#include <unordered_map>

#include "jinja/builtins.h"
#include "jinja/evaluator.h"
#include "jinja/failure.h"
#include "jinja/iteration.h"
#include "jinja/operators.h"
#include "jinja/unicode.h"
#include "jinja/value.h"

namespace estoc::jinja {
namespace {

bool has_remainder(const Value& value, const Value& divisor, int64_t remainder) {
  return is_equal(calculate(Arithmetic::modulo, value, divisor), Value::integer(remainder));
}

// The one argument of a test; `keyword` is null where it has no name.
const Value& other_of(const char* what, Arguments& arguments, const char* keyword = nullptr) {
  const bool is_named =
      keyword && arguments.positional.empty() && arguments.keyword.size() == 1 && arguments.keyword[0].first == keyword;
  if (is_named) return arguments.keyword[0].second;
  if (arguments.positional.size() != 1 || !arguments.keyword.empty()) stop("the test '{}' takes one argument", what);
  return arguments.positional[0];
}

void charge_pair(Evaluator& evaluator, const Value& value, const Value& other) {
  evaluator.charge(std::min(value.weight(), other.weight()));
}

bool is_eq(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Value& other = other_of("eq", arguments);
  charge_pair(evaluator, value, other);
  return is_equal(value, other);
}

bool is_ne(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  return !is_eq(evaluator, value, arguments);
}

int order_of(Evaluator& evaluator, const Value& value, Arguments& arguments, const char* sign) {
  const Value& other = other_of(sign, arguments);
  charge_pair(evaluator, value, other);
  return compare(value, other, sign);
}

bool is_lt(Evaluator& e, const Value& v, Arguments& a) { return order_of(e, v, a, "<") == -1; }
bool is_gt(Evaluator& e, const Value& v, Arguments& a) { return order_of(e, v, a, ">") == 1; }

bool is_le(Evaluator& e, const Value& v, Arguments& a) {
  const int order = order_of(e, v, a, "<=");
  return order == -1 || order == 0;
}

bool is_ge(Evaluator& e, const Value& v, Arguments& a) {
  const int order = order_of(e, v, a, ">=");
  return order == 1 || order == 0;
}

bool is_contained(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Value& other = other_of("in", arguments, "seq");
  evaluator.charge_walk(value);
  evaluator.charge_walk(other);
  return is_in(value, other);
}

bool is_divisible(Evaluator&, const Value& value, Arguments& arguments) {
  return has_remainder(value, other_of("divisibleby", arguments, "num"), 0);
}

bool is_same_as(Evaluator&, const Value& value, Arguments& arguments) {
  return is_same(value, other_of("sameas", arguments, "other"));
}

bool is_sequence_like(const Value& value) {
  if (value.is_sequence()) {
    return value.sequence().kind == SequenceKind::list || value.sequence().kind == SequenceKind::tuple ||
           value.sequence().kind == SequenceKind::range;
  }
  return value.is_string() || value.is_dict() || value.is_undefined();  // undefined has a length and subscripts too
}

// Whether `value` may be looked up by name, as it is by a dict.
bool is_name(const Value& value) {
  hash_key(value);  // fails for what has no hash
  return value.is_string();
}

bool tests_defined(const Value& v) { return !v.is_undefined(); }
bool tests_undefined(const Value& v) { return v.is_undefined(); }
bool tests_none(const Value& v) { return v.is_none(); }
bool tests_boolean(const Value& v) { return v.is_bool(); }
bool tests_true(const Value& v) { return v.is_bool() && v.is_true(); }
bool tests_false(const Value& v) { return v.is_bool() && !v.is_true(); }
bool tests_integer(const Value& v) { return v.is_int(); }
bool tests_float(const Value& v) { return v.is_float(); }
bool tests_number(const Value& v) { return v.is_number(); }
bool tests_string(const Value& v) { return v.is_string(); }
bool tests_mapping(const Value& v) { return v.is_dict(); }
bool tests_callable(const Value& v) { return v.is_undefined() || (v.is_object() && v.object()->is_callable()); }
bool tests_escaped(const Value& v) { return v.is_string() && v.text().is_markup; }
bool tests_odd(const Value& v) { return has_remainder(v, Value::integer(2), 1); }
bool tests_even(const Value& v) { return has_remainder(v, Value::integer(2), 0); }
bool tests_filter(const Value& v) { return is_name(v) && find_filter(v.bytes()); }
bool tests_test(const Value& v) { return is_name(v) && find_predicate(v.bytes()); }

bool has_lower_case(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound none("the test 'lower'", arguments, {});
  return is_lower_text(evaluator.text_of(value));
}

bool has_upper_case(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound none("the test 'upper'", arguments, {});
  return is_upper_text(evaluator.text_of(value));
}

using Test = bool (*)(const Value&);

// Tests without arguments.
template <Test test>
bool plain(Evaluator&, const Value& value, Arguments& arguments) {
  if (!arguments.positional.empty() || !arguments.keyword.empty()) stop("this test takes no argument");
  return test(value);
}

const std::unordered_map<std::string_view, Predicate>& predicates() {
  static const std::unordered_map<std::string_view, Predicate> kPredicates = {{"defined", plain<tests_defined>},
                                                                              {"undefined", plain<tests_undefined>},
                                                                              {"none", plain<tests_none>},
                                                                              {"boolean", plain<tests_boolean>},
                                                                              {"true", plain<tests_true>},
                                                                              {"false", plain<tests_false>},
                                                                              {"integer", plain<tests_integer>},
                                                                              {"float", plain<tests_float>},
                                                                              {"number", plain<tests_number>},
                                                                              {"string", plain<tests_string>},
                                                                              {"mapping", plain<tests_mapping>},
                                                                              {"sequence", plain<is_sequence_like>},
                                                                              {"iterable", plain<is_iterable>},
                                                                              {"callable", plain<tests_callable>},
                                                                              {"escaped", plain<tests_escaped>},
                                                                              {"odd", plain<tests_odd>},
                                                                              {"even", plain<tests_even>},
                                                                              {"filter", plain<tests_filter>},
                                                                              {"test", plain<tests_test>},
                                                                              {"lower", has_lower_case},
                                                                              {"upper", has_upper_case},
                                                                              {"sameas", is_same_as},
                                                                              {"divisibleby", is_divisible},
                                                                              {"in", is_contained},
                                                                              {"==", is_eq},
                                                                              {"eq", is_eq},
                                                                              {"equalto", is_eq},
                                                                              {"!=", is_ne},
                                                                              {"ne", is_ne},
                                                                              {"<", is_lt},
                                                                              {"lt", is_lt},
                                                                              {"lessthan", is_lt},
                                                                              {"<=", is_le},
                                                                              {"le", is_le},
                                                                              {">", is_gt},
                                                                              {"gt", is_gt},
                                                                              {"greaterthan", is_gt},
                                                                              {">=", is_ge},
                                                                              {"ge", is_ge}};
  return kPredicates;
}

}  // namespace

Predicate find_predicate(std::string_view name) {
  const auto place = predicates().find(name);
  return place == predicates().end() ? nullptr : place->second;
}

}  // namespace estoc::jinja
