// What kind of character a code point is, by our own table of Unicode 16.0 (the version Hugging Face tokenizers uses
// since 0.21.2). Pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace estoc {

// General categories; the order is that of tools/gen/unicode_table.py.
// clang-format off
enum class Category : uint8_t {
  cn, cc, cf, co, cs, ll, lm, lo, lt, lu, mc, me, mn, nd, nl, no, pc, pd, pe, pf, pi, po, ps, sc, sk, sm, so, zl, zp, zs
};
// clang-format on

// A set of categories, plus one bit for White_Space (which is no category: it takes in \t, \n, U+0085 and all of Z).
using ClassSet = uint32_t;
constexpr ClassSet class_bit(Category category) { return ClassSet{1} << static_cast<int>(category); }
constexpr ClassSet class_range(Category first, Category last) { return (class_bit(last) << 1) - class_bit(first); }
constexpr ClassSet kSpaceClass = ClassSet{1} << 31;
constexpr ClassSet kLetterClass = class_range(Category::ll, Category::lu);
constexpr ClassSet kMarkClass = class_range(Category::mc, Category::mn);
constexpr ClassSet kNumberClass = class_range(Category::nd, Category::no);
constexpr ClassSet kPunctuationClass = class_range(Category::pc, Category::ps);
constexpr ClassSet kSymbolClass = class_range(Category::sc, Category::so);
constexpr ClassSet kSeparatorClass = class_range(Category::zl, Category::zs);
constexpr ClassSet kOtherClass = class_range(Category::cn, Category::cs);
// \w of UTS #18 without Other_Alphabetic, which general categories cannot tell.
constexpr ClassSet kWordClass =
    kLetterClass | kMarkClass | class_bit(Category::nd) | class_bit(Category::nl) | class_bit(Category::pc);

// The classes of one code point: its category's bit, and kSpaceClass when it is White_Space. 0 past U+10FFFF.
ClassSet classes_of(uint32_t code_point);

// A byte that is part of no valid UTF-8 sequence; it has no class at all.
constexpr uint32_t kBrokenByte = 0xFFFFFFFF;

struct Character {
  uint32_t code_point;  // kBrokenByte for a byte that is not UTF-8
  uint32_t bytes;       // 1..4
  ClassSet classes;
};

// classes_of for ASCII, for the hot path.
extern const std::array<ClassSet, 128> kAsciiClasses;
Character wide_character_at(std::string_view text, size_t at);  // character_at for a lead byte from 0x80 on

// The character at text[at]; `at` is less than text.size().
inline Character character_at(std::string_view text, size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  return lead < 0x80 ? Character{lead, 1, kAsciiClasses[lead]} : wide_character_at(text, at);
}

// The last character before text[at], which is past the start.
Character character_before(std::string_view text, size_t at);

// The inclusive ranges of code points (without surrogates) that have any class of `set`, ascending.
std::vector<std::pair<uint32_t, uint32_t>> class_ranges(ClassSet set);

// The version of the table, "16.0.0".
std::string_view unicode_version();

}  // namespace estoc
