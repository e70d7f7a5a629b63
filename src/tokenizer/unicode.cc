#include "tokenizer/unicode.h"

#include "base/utf8.h"

namespace estoc {
namespace {
#include "tokenizer/unicode_table.inc"

constexpr ClassSet entry_classes(uint8_t entry) {
  return (ClassSet{1} << (entry & 31)) | ((entry & 0x80) != 0 ? kSpaceClass : 0);
}

constexpr std::array<ClassSet, 128> make_ascii_classes() {
  std::array<ClassSet, 128> classes{};
  for (size_t c = 0; c < classes.size(); ++c) {
    classes[c] = entry_classes(kStage2[kStage1[c / kBlockSize] * kBlockSize + c % kBlockSize]);
  }
  return classes;
}
}  // namespace

constinit const std::array<ClassSet, 128> kAsciiClasses = make_ascii_classes();

ClassSet classes_of(uint32_t code_point) {
  if (code_point > 0x10FFFF) return 0;
  return entry_classes(kStage2[kStage1[code_point / kBlockSize] * kBlockSize + code_point % kBlockSize]);
}

Character wide_character_at(std::string_view text, size_t at) {
  const std::string_view rest = text.substr(at, 4);
  const int bytes = utf8_sequence_bytes(rest);
  if (bytes <= 0) return {kBrokenByte, 1, 0};
  const uint32_t code_point = utf8_decode(rest, bytes);
  return {code_point, static_cast<uint32_t>(bytes), classes_of(code_point)};
}

// Stops at three continuation bytes.
Character character_before(std::string_view text, size_t at) {
  size_t start = at - 1;
  while (start > 0 && at - start < 4 && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) --start;
  const Character c = character_at(text, start);
  if (start + c.bytes == at) return c;
  return {kBrokenByte, 1, 0};
}

std::vector<std::pair<uint32_t, uint32_t>> class_ranges(ClassSet set) {
  std::vector<std::pair<uint32_t, uint32_t>> ranges;
  for (uint32_t code_point = 0; code_point <= 0x10FFFF; ++code_point) {
    if (code_point >= 0xD800 && code_point <= 0xDFFF) continue;
    if ((classes_of(code_point) & set) == 0) continue;
    if (!ranges.empty() && ranges.back().second + 1 == code_point) {
      ranges.back().second = code_point;
    } else {
      ranges.emplace_back(code_point, code_point);
    }
  }
  return ranges;
}

std::string_view unicode_version() { return kUnicodeVersion; }

}  // namespace estoc
