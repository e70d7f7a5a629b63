// The functions that templates find ready: filters, `is` tests, methods of strings, numbers and containers, globals;
// and what those who write one need, to read their arguments.
//
// All are pure apart from the evaluator they charge their work to. Errors: Failure, which names the function.
// Internal to jinja/.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "jinja/object.h"
#include "jinja/value.h"

namespace estoc::jinja {

using Filter = Value (*)(Evaluator&, const Value&, Arguments&);
using Predicate = bool (*)(Evaluator&, const Value&, Arguments&);

// Null when there is none of that name.
Filter find_filter(std::string_view name);
// Why a filter of Jinja is none of ours; null for all others.
const char* why_refused(std::string_view filter);
Predicate find_predicate(std::string_view name);
Method find_method(const Value& value, std::string_view name);

// An attribute that is no method: 5 .real, range(3).stop, the grouper of a group. Nothing when there is none.
std::optional<Value> find_attribute(const Value& value, std::string_view name);

// Whether Python has a method of that name which the sandbox refuses, such as list.append.
bool is_forbidden_method(const Value& value, std::string_view name);

// dict.fromkeys: each of the keys with that one value.
Value dict_from_keys(Evaluator& evaluator, const Value& keys, const Value& value);

// range, namespace, dict, joiner, cycler, lipsum, raise_exception, strftime_now; undefined for other names.
Value find_global(std::string_view name);

// What `function.name` is, for a function among the globals: dict.fromkeys and nothing else.
std::optional<Value> find_function_attribute(std::string_view function, std::string_view name);

// The tables behind the look-ups, of filters one a file.
using FilterTable = std::unordered_map<std::string_view, Filter>;

const FilterTable& text_filters();       // strings to strings
const FilterTable& value_filters();      // numbers, JSON, defaults: one value to another
const FilterTable& item_filters();       // one sequence to an item or a rearranged sequence
const FilterTable& selection_filters();  // filters that apply an attribute, a test or another filter to every item

using MethodTable = std::unordered_map<std::string_view, Method>;

const MethodTable& string_methods();
const MethodTable& string_translation_methods();  // those that write characters anew
const MethodTable& markup_methods();

// What a filter goes through, charged to the evaluator as a whole.
std::shared_ptr<const Sequence> items_of(Evaluator& evaluator, const Value& value);

// Matches what a call passes with the parameter names of a builtin.
class Bound {
 public:
  // The first `required` of `names` must be given.
  Bound(const char* what, const Arguments& arguments, std::initializer_list<const char*> names, size_t required = 0);

  // The same for what Python lets be passed by position only.
  static Bound by_position(const char* what, const Arguments& arguments, std::initializer_list<const char*> names,
                           size_t required = 0);

  bool has(size_t i) const { return values_[i] != nullptr; }
  const Value& at(size_t i) const { return *values_[i]; }  // has(i)
  // none counts as given; these fail on another kind.
  int64_t integer(size_t i, int64_t fallback) const;
  bool truth(size_t i, bool fallback) const;                    // any value, by its truth
  bool flag(size_t i, bool fallback) const;                     // an int or bool, as some Python functions want it
  std::string text(size_t i, std::string_view fallback) const;  // a string
  const Value* find(size_t i) const;                            // null when absent or none

 private:
  const char* what_;
  std::vector<const char*> names_;
  std::vector<const Value*> values_;
};

// What filters such as sort, map and selectattr look at in each item: an attribute path, perhaps without letter case.
class ItemKey {
 public:
  // `attribute` is a name, a dotted path or an index; null or none means the item itself.
  ItemKey(Evaluator& evaluator, const Value* attribute, bool ignores_case, const Value* fallback = nullptr);
  Value of(const Value& item) const;

 private:
  Evaluator& evaluator_;
  Values path_;
  bool ignores_case_;
  std::optional<Value> fallback_;
};

Value without_case(const Value& value);  // a lower-cased string; anything else as it is

}  // namespace estoc::jinja
