// Methods of strings that go over their characters: letter case, and what kind of characters they are.
#include <algorithm>

#include "jinja/arguments.h"
#include "jinja/evaluator.h"
#include "jinja/method_tables.h"
#include "jinja/unicode.h"

namespace estoc::jinja {
namespace {

using Mapping = std::string (*)(std::string_view);

template <Mapping mapping>
Value mapped(Evaluator& evaluator, const Value& of, Arguments& arguments) {
  const Bound none("this string method", arguments, {});
  evaluator.charge_characters(of);
  return Value::string(mapping(of.bytes()), of.text().is_markup);
}

using TextTest = bool (*)(std::string_view);

template <TextTest test>
Value asked(Evaluator& evaluator, const Value& of, Arguments& arguments) {
  const Bound none("this string method", arguments, {});
  evaluator.charge_characters(of);
  return Value::boolean(test(of.bytes()));
}

using CharacterTest = bool (*)(uint32_t);

template <CharacterTest test>
bool all_are(std::string_view text) {
  const CodePoints pieces = code_points(text);
  return std::all_of(pieces.begin(), pieces.end(), [](std::string_view piece) { return test(code_point_at(piece)); });
}

template <CharacterTest test>
bool some_and_all_are(std::string_view text) {
  return !text.empty() && all_are<test>(text);
}

bool is_ascii(uint32_t c) { return c < 0x80; }

}  // namespace

const MethodTable& string_kind_methods() {
  static const MethodTable kMethods = {{"upper", mapped<to_upper>},
                                       {"lower", mapped<to_lower>},
                                       {"casefold", mapped<fold_case>},
                                       {"capitalize", mapped<capitalize>},
                                       {"title", mapped<title_case>},
                                       {"swapcase", mapped<swap_case>},
                                       {"isspace", asked<some_and_all_are<is_space>>},
                                       {"isalpha", asked<some_and_all_are<is_letter>>},
                                       {"isdigit", asked<some_and_all_are<is_digit>>},
                                       {"isdecimal", asked<some_and_all_are<is_decimal>>},
                                       {"isnumeric", asked<some_and_all_are<is_numeric>>},
                                       {"isalnum", asked<some_and_all_are<is_alphanumeric>>},
                                       {"isascii", asked<all_are<is_ascii>>},
                                       {"isprintable", asked<all_are<is_printable>>},
                                       {"isidentifier", asked<is_identifier>},
                                       {"isupper", asked<is_upper_text>},
                                       {"islower", asked<is_lower_text>},
                                       {"istitle", asked<is_title_text>}};
  return kMethods;
}

}  // namespace estoc::jinja
