// JSON numbers as texts: equal values, and expressions for the texts of all numbers that a bound allows.
//
// The expressions are over numbers without exponent: -?(0|[1-9][0-9]*)(\.[0-9]+)?. Pure functions of an arena.
// Errors: Error{invalid_argument} for numbers that are too long to be written without an exponent.
#pragma once

#include <string>
#include <string_view>

#include "grammar/regex.h"

namespace estoc::grammar {

// A number as its sign, its digits before and behind the point; without superfluous zeros, and 0 without a sign.
struct Decimal {
  bool is_negative = false;
  std::string whole, fraction;

  static Decimal parse(std::string_view json_number);
  std::string text() const;  // equal numbers have equal texts
  bool is_zero() const { return whole == "0" && fraction.empty(); }
  bool operator==(const Decimal&) const = default;
};

// -1, 0 or 1.
int compare(const Decimal& a, const Decimal& b);
bool is_multiple(const Decimal& number, const Decimal& of);

class NumberTexts {
 public:
  explicit NumberTexts(RegexArena& arena);

  RegexId any() const { return any_; }                      // without exponent
  RegexId any_form() const { return any_form_; }            // and with one
  RegexId integer() const { return integer_; }              // also 1.0
  RegexId plain_integer() const { return plain_integer_; }  // one text a value: 1, not 1.0
  RegexId shortest() const { return shortest_; }            // one text a value
  RegexId equal(const Decimal& bound);
  RegexId at_least(const Decimal& bound);
  RegexId at_most(const Decimal& bound);
  // Throws Error{unsupported} when it is too fine.
  RegexId multiple_of(const Decimal& bound);

 private:
  RegexId digits(int least, int most = kUnbounded);
  RegexId digit(char low, char high);
  RegexId size_equal(const Decimal& bound);
  RegexId size_at_least(const Decimal& bound);  // of numbers without a sign

  RegexArena& arena_;
  RegexId minus_, unsigned_, any_, any_form_, integer_, plain_integer_, shortest_;
};

}  // namespace estoc::grammar
