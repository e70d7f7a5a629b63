// Unicode classes as patterns spell them, against characters whose classes are known.
#include <gtest/gtest.h>

#include "base/error.h"
#include "tokenizer/regex.h"

namespace estoc {
namespace {

constexpr std::string_view kDigit = "7", kArabicDigit = "\u0664", kLetter = "a", kCapital = "É", kHan = "字",
                           kLow = "_", kSpace = " ", kWideSpace = "\u3000", kDot = ".", kEuro = "€", kMark = "\u0301";

// Which of the characters match, one character a match.
std::string matches(std::string_view pattern) {
  const Regex regex(pattern);
  std::string found;
  for (const std::string_view character :
       {kDigit, kArabicDigit, kLetter, kCapital, kHan, kLow, kSpace, kWideSpace, kDot, kEuro, kMark}) {
    regex.find_all(character, [&](size_t start, size_t end) {
      EXPECT_EQ(end - start, character.size()) << pattern;
      found += character;
    });
  }
  return found;
}

TEST(RegexClasses, ShortNamesAndTheirOpposites) {
  EXPECT_EQ(matches(R"(\d)"), "7\u0664");
  EXPECT_EQ(matches(R"(\D)"), "aÉ字_ \u3000.€\u0301");
  EXPECT_EQ(matches(R"(\s)"), " \u3000");
  EXPECT_EQ(matches(R"(\S)"), "7\u0664aÉ字_.€\u0301");
  EXPECT_EQ(matches(R"(\w)"), "7\u0664aÉ字_\u0301");
  EXPECT_EQ(matches(R"(\W)"), " \u3000.€");
}

TEST(RegexClasses, PropertiesInEverySpelling) {
  EXPECT_EQ(matches(R"(\p{L})"), "aÉ字");
  EXPECT_EQ(matches(R"(\pL)"), "aÉ字");
  EXPECT_EQ(matches(R"(\p{Letter})"), "aÉ字");
  EXPECT_EQ(matches(R"(\P{L})"), "7\u0664_ \u3000.€\u0301");
  EXPECT_EQ(matches(R"(\PL)"), "7\u0664_ \u3000.€\u0301");
  EXPECT_EQ(matches(R"(\p{^L})"), "7\u0664_ \u3000.€\u0301");
  EXPECT_EQ(matches(R"(\P{^L})"), "aÉ字");
  EXPECT_EQ(matches(R"(\p{Lu}|\p{Ll})"), "aÉ");
  EXPECT_EQ(matches(R"(\p{Nd})"), "7\u0664");
  EXPECT_EQ(matches(R"(\p{N})"), "7\u0664");
  EXPECT_EQ(matches(R"(\p{P})"), "_.");
  EXPECT_EQ(matches(R"(\p{Pc})"), "_");
  EXPECT_EQ(matches(R"(\p{S})"), "€");
  EXPECT_EQ(matches(R"(\p{Sc})"), "€");
  EXPECT_EQ(matches(R"(\p{Z})"), " \u3000");
  EXPECT_EQ(matches(R"(\p{Zs})"), " \u3000");
  EXPECT_EQ(matches(R"(\p{M})"), "\u0301");
  EXPECT_EQ(matches(R"(\p{Mn})"), "\u0301");
}

TEST(RegexClasses, InsideBrackets) {
  EXPECT_EQ(matches(R"([\d.])"), "7\u0664.");
  EXPECT_EQ(matches(R"([^\d.])"), "aÉ字_ \u3000€\u0301");
  EXPECT_EQ(matches(R"([^\s\p{L}\p{N}])"), "_.€\u0301");
  EXPECT_EQ(matches(R"([\S])"), "7\u0664aÉ字_.€\u0301");
  EXPECT_EQ(matches(R"([]\d])"), "7\u0664");  // a bracket right after the opening one is an ordinary character
  EXPECT_EQ(matches(R"([^]\D])"), "7\u0664");
  EXPECT_EQ(matches(R"([\].])"), ".");
  EXPECT_EQ(matches(R"([.]|\d)"), "7\u0664.");  // after the brackets the class needs its own again
}

TEST(RegexClasses, Scripts) {
  EXPECT_EQ(matches(R"(\p{Han})"), "字");
  EXPECT_EQ(matches(R"([\p{Han}\p{Latin}])"), "aÉ字");
  EXPECT_EQ(matches(R"(\P{Latin})"), "7\u0664字_ \u3000.€\u0301");
  EXPECT_EQ(expand_unicode_classes(R"(\p{Han}x)", ""), R"(\p{sc:Han}x)");
}

TEST(RegexClasses, EndsOfTheUnicodeRange) {
  const Regex no_digit(R"(\D)");
  int found = 0;
  no_digit.find_all(std::string_view("\0", 1), [&](size_t, size_t) { ++found; });
  no_digit.find_all("\U0010FFFF", [&](size_t, size_t) { ++found; });
  no_digit.find_all("/", [&](size_t, size_t) { ++found; });  // before the digits
  no_digit.find_all(":", [&](size_t, size_t) { ++found; });  // after them
  EXPECT_EQ(found, 4);
}

TEST(RegexClasses, WhatIsNotSupportedOrNotWholeIsRefused) {
  for (const char* pattern : {"[a[b]]", "[a&&b]", R"(\p{NoSuchScript})", R"(\p{L)", R"(\p)", "[a", "\\"}) {
    EXPECT_THROW(Regex{pattern}, Error) << pattern;
  }
}

}  // namespace
}  // namespace estoc
