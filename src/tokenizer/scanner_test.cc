#include "tokenizer/scanner.h"

#include <gtest/gtest.h>

#include <random>

#include "base/utf8.h"
#include "tokenizer/regex.h"
#include "tokenizer/unicode.h"

namespace estoc {
namespace {

constexpr ScanRule kRules[] = {ScanRule::gpt2, ScanRule::llama3, ScanRule::qwen2, ScanRule::qwen35};

std::vector<std::string> scanned(ScanRule rule, std::string_view text) {
  std::vector<std::string> words;
  for (size_t at = 0; at < text.size();) {
    const size_t end = scan_word(rule, text, at);
    words.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

std::vector<std::string> matched(const Regex& regex, std::string_view text) {
  std::vector<std::string> words;
  regex.find_all(text, [&](size_t start, size_t end) { words.emplace_back(text.substr(start, end - start)); });
  return words;
}

// Short texts out of the characters the patterns look at, and some random ones.
std::string random_text(std::mt19937& random) {
  static constexpr uint32_t kAlphabet[] = {
      ' ',    ' ',   ' ',     '\n',   '\r',  '\t',     '\'',   's',   'S',    'T',    'r',    'e',    'E',
      'v',    'l',   'L',     'd',    'm',   'x',      '1',    '2',   '3',    '!',    '/',    '_',    0x17F,
      0x2019, 0xA0,  0x85,    0x180E, 0xE9,  0x301,    0x4F60, 0x661, 0x216B, 0xBD,   0x2028, 0x3000, 0x1F600,
      0x200D, 0x903, 0x323AF, 0x1C5,  0x2B0, 0x10FFFF, 0x0,    0x7F,  0x1680, 0xFEFF, 0x20DD};
  std::string text;
  const int count = static_cast<int>(random() % 24);
  for (int i = 0; i < count; ++i) {
    uint32_t code_point = kAlphabet[random() % std::size(kAlphabet)];
    if (random() % 16 == 0) code_point = static_cast<uint32_t>(random() % 0x110000);
    if (code_point >= 0xD800 && code_point < 0xE000) code_point = 'x';
    utf8_append(text, code_point);
  }
  return text;
}

TEST(Scanner, AgreesWithTheRegularExpression) {
  for (const ScanRule rule : kRules) {
    const Regex regex(pattern_of(rule));
    std::mt19937 random(7);
    for (int i = 0; i < 4000; ++i) {
      const std::string text = random_text(random);
      ASSERT_EQ(scanned(rule, text), matched(regex, text)) << pattern_of(rule) << "\n"
                                                           << ::testing::PrintToString(text);
    }
  }
}

TEST(Scanner, CoversAnyBytes) {
  std::mt19937 random(3);
  for (const ScanRule rule : kRules) {
    for (int i = 0; i < 2000; ++i) {
      std::string bytes;
      for (int count = static_cast<int>(random() % 20); count > 0; --count)
        bytes.push_back(static_cast<char>(random()));
      std::string joined;
      for (const std::string& word : scanned(rule, bytes)) {
        ASSERT_FALSE(word.empty());
        joined += word;
      }
      ASSERT_EQ(joined, bytes);
    }
  }
}

TEST(Scanner, KnowsItsPatterns) {
  for (const ScanRule rule : kRules) EXPECT_EQ(scan_rule_of(pattern_of(rule)), rule);
  EXPECT_EQ(scan_rule_of(R"(\p{L}+)"), std::nullopt);
}

TEST(UnicodeTable, HasTheCategoriesOfUnicode16) {
  EXPECT_EQ(unicode_version(), "16.0.0");
  EXPECT_EQ(classes_of('a'), class_bit(Category::ll));
  EXPECT_EQ(classes_of('\n'), class_bit(Category::cc) | kSpaceClass);
  EXPECT_EQ(classes_of(0x180E), class_bit(Category::cf));  // was a space up to Unicode 6.2
  EXPECT_EQ(classes_of(0x00BD), class_bit(Category::no));
  EXPECT_EQ(classes_of(0x1C89), class_bit(Category::lu));   // new in 16.0
  EXPECT_EQ(classes_of(0x323AF), class_bit(Category::lo));  // new in 15.0
  EXPECT_EQ(classes_of(0x110000), 0u);
  size_t spaces = 0;
  for (const auto& [first, last] : class_ranges(kSpaceClass)) spaces += last - first + 1;
  EXPECT_EQ(spaces, 25u);
}

TEST(Regex, SurvivesLongAndBrokenText) {
  const Regex regex(pattern_of(ScanRule::llama3));
  const std::string spaces(300000, ' ');
  EXPECT_EQ(matched(regex, spaces + "x").size(), 2u);
  EXPECT_EQ(matched(Regex("(?:(a)|b)*c"), std::string(300000, 'a') + "c").size(), 1u);
  EXPECT_EQ(matched(Regex("[a-z]+"),
                    "ab\xFF"
                    "cd\xE2\x82")
                .size(),
            2u);
}

TEST(Regex, SpellsOutClassesInsideAndOutsideBrackets) {
  EXPECT_EQ(matched(Regex(R"([^\S\n]+)"), "a \n\tb"), (std::vector<std::string>{" ", "\t"}));
  EXPECT_EQ(matched(Regex(R"(\P{L}+|\p{Lu})"), "aB1!c"), (std::vector<std::string>{"B", "1!"}));
  EXPECT_EQ(matched(Regex(R"([]\d]+)"), "x]1\u0661y"), (std::vector<std::string>{"]1\u0661"}));
  EXPECT_EQ(matched(Regex(R"(\p{^L}+)"), "a1b"), (std::vector<std::string>{"1"}));
}

}  // namespace
}  // namespace estoc
