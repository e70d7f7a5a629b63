#include "base/json_scan.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace estoc {
namespace {

using Kind = JsonExcess::Kind;

constexpr JsonBounds kBounds{.depth_max = 3, .values_max = 10, .string_bytes_max = 8};

std::optional<JsonExcess> scan(std::string_view text) { return find_json_excess(text, kBounds); }

TEST(JsonScan, OrdinaryTextPasses) {
  EXPECT_FALSE(scan(R"({"a":[1,2,{"b":"12345678"}],"c":null})"));
  EXPECT_FALSE(scan(""));
  EXPECT_FALSE(scan(R"({"a":"[[[[[[","b":",,,,,,,,"})"));      // what stands in strings counts for nothing
  EXPECT_FALSE(scan(R"({"a":"\"[[[[[","b":"\\"})"));           // nor behind an escaped quote
  EXPECT_FALSE(scan(R"(["\u0041\u0041\u0041\u0041"])"));       // four bytes when read
  EXPECT_FALSE(scan(R"(["a","b","c","d","e","f","g","h"])"));  // with the list itself nine
}

TEST(JsonScan, DepthValuesAndStringsAreFoundWithTheirField) {
  const auto deep = scan(R"({"tools": [[[1]]]})");
  ASSERT_TRUE(deep && deep->kind == Kind::depth);
  EXPECT_EQ(deep->field, "tools");
  const auto many = scan(R"({"n":1,"ids" :[1,2,3,4,5,6,7,8,9,10]})");
  ASSERT_TRUE(many && many->kind == Kind::values);
  EXPECT_EQ(many->field, "ids");
  const auto longest = scan(R"({"prompt":["a","123456789"]})");
  ASSERT_TRUE(longest && longest->kind == Kind::string);
  EXPECT_EQ(longest->field, "prompt");
  EXPECT_EQ(longest->bytes, 9u);
  EXPECT_EQ(scan("[[[[")->field, "");
}

TEST(JsonScan, BrokenTextIsWalkedToItsEnd) {
  for (const char* text : {"\"", "{\"a", "\"\\", "]]]]]]", "}{", "\"\\\"", "{\"a\":\"", "\\\\\\\""}) {
    EXPECT_FALSE(scan(text)) << text;
  }
}

// Quotes and backslashes by the million: the walk stays one pass.
TEST(JsonScan, TakesTimeInProportionToTheBytes) {
  const auto begin = std::chrono::steady_clock::now();
  std::string escapes = "[\"";
  for (int i = 0; i < 4'000'000; ++i) escapes += i % 2 == 0 ? "\\\\" : "\\\"";
  find_json_excess(escapes, {});
  find_json_excess("\"" + std::string(8 << 20, '\\') + "\"", {});
  find_json_excess(std::string(8 << 20, '"'), {});
  find_json_excess(std::string(8 << 20, '['), {});
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

}  // namespace
}  // namespace estoc
