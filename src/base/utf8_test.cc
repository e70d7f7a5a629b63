#include "base/utf8.h"

#include <gtest/gtest.h>

namespace estoc {
namespace {

TEST(Utf8, EveryCodePointRoundTrips) {
  for (uint32_t code_point = 0; code_point <= 0x10FFFF; ++code_point) {
    if (code_point >= 0xD800 && code_point < 0xE000) continue;
    std::string text;
    utf8_append(text, code_point);
    const int bytes = utf8_sequence_bytes(text);
    ASSERT_EQ(bytes, static_cast<int>(text.size())) << code_point;
    ASSERT_EQ(utf8_decode(text, bytes), code_point);
    for (size_t cut = 1; cut < text.size(); ++cut) ASSERT_EQ(utf8_sequence_bytes(text.substr(0, cut)), 0) << code_point;
  }
}

TEST(Utf8, BrokenSequencesAreRefused) {
  for (const char* text :
       {"\x80", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF5\x80", "\xE2\x28"}) {
    EXPECT_EQ(utf8_sequence_bytes(text), -1) << text;
  }
  EXPECT_TRUE(is_valid_utf8("na\xC3\xAFve"));
  EXPECT_FALSE(is_valid_utf8("na\xC3"));
}

}  // namespace
}  // namespace estoc
