// Python's three ways to put values into a text: "%s of %d" % values (percent_format.cc), "{0.name!r:>8}".format(...)
// (str_format.cc), and what both write numbers with (format_spec.cc). Widths and precisions are bounded.
//
// Errors: Failure for what Python refuses: a wrong count or kind, a specification that does not fit the value.
// Internal to jinja/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "jinja/value.h"

namespace estoc::jinja {

class Evaluator;

// `format % arguments`: one value, a tuple of them, or a dict for %(name)s.
Value percent_format(const Value& format, const Value& arguments);

// str.format; for format_map `named` is not a dict but whatever was given in its place. Fields reach into values as
// templates do; a markup string escapes what it takes in.
Value str_format(Evaluator& evaluator, const Value& format, const Values& positional, const Value& named);

// format(value, spec). An empty specification is str(); values other than strings and numbers take no other.
std::string formatted(const Value& value, std::string_view spec);

// The digits of a number that is not negative, as the types e, f and g of a specification and of %-formatting write
// them, in upper case for E, F and G. An alternate form keeps the point and the zeros behind it; with `keeps_fraction`
// g never ends in an integer: 42.0.
std::string float_digits(double size, char type, int precision, bool is_alternate, bool keeps_fraction = false);

// The digits of an integer in the base of type b, o, x or X; decimal for all others.
std::string integer_digits(uint64_t size, char type);

// The whole part of a number, in full.
std::string whole_digits(double size);

}  // namespace estoc::jinja
