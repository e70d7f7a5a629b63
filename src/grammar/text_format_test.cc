#include "grammar/text_format.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "grammar/test_grammar_checks.h"

namespace estoc::grammar {
namespace {

std::unique_ptr<Grammar> compiled(std::string_view form, std::vector<std::string> marks = {}) {
  return compile_text_format({parse_json(form), std::move(marks), {}, {}});
}

TEST(TextFormat, PartsStandBehindEachOther) {
  const auto grammar = compiled(R"({"type": "sequence", "elements": [
      {"type": "const_string", "value": "<f>"},
      {"type": "or", "elements": [{"type": "json_schema", "json_schema": {"type": "integer"}},
                                  {"type": "regex", "pattern": "[a-c]+"}]},
      {"type": "optional", "content": {"type": "grammar", "grammar": "root ::= \"!\"+"}},
      {"type": "const_string", "value": "</f>"}]})");
  EXPECT_TRUE(takes(*grammar, "<f>12</f>"));
  EXPECT_TRUE(takes(*grammar, "<f>abc!!</f>"));
  EXPECT_FALSE(takes(*grammar, "<f></f>"));
  EXPECT_FALSE(takes(*grammar, "<f>abd</f>"));
  EXPECT_FALSE(takes(*grammar, "<f>1</f> "));
}

TEST(TextFormat, FreeTextExcludesTexts) {
  const auto grammar = compiled(R"({"type": "sequence", "elements": [
      {"type": "any_text", "excludes": ["<f>"]},
      {"type": "optional", "content": {"type": "plus", "separator": ", ", "content":
          {"type": "const_string", "value": "<f>x"}}}]})");
  EXPECT_TRUE(takes(*grammar, ""));
  EXPECT_TRUE(takes(*grammar, "a < <f b"));
  EXPECT_TRUE(takes(*grammar, "so: <f>x"));
  EXPECT_TRUE(takes(*grammar, "so: <f>x, <f>x"));
  EXPECT_FALSE(takes(*grammar, "so: <f>y"));
  EXPECT_FALSE(takes(*grammar, "so: <f>x then"));
}

TEST(TextFormat, FreeTextKeepsToAStringsBounds) {
  const auto grammar =
      compiled(R"({"type": "any_text", "excludes": ["\n"], "minLength": 2, "maxLength": 4, "pattern": "^a"})");
  EXPECT_TRUE(takes(*grammar, "ab"));
  EXPECT_TRUE(takes(*grammar, "aééé"));
  EXPECT_FALSE(takes(*grammar, "a"));
  EXPECT_FALSE(takes(*grammar, "abcde"));
  EXPECT_FALSE(takes(*grammar, "ba"));
  EXPECT_FALSE(takes(*grammar, "a\n"));
}

TEST(TextFormat, MarksThatAreControlTokensAreTheirOwnBytes) {
  const auto grammar = compiled(R"({"type": "sequence", "elements": [
      {"type": "any_text", "excludes": ["[CALL]"]},
      {"type": "const_string", "value": "[CALL]f[ARGS]"},
      {"type": "json_schema", "json_schema": {"type": "string"}}]})",
                                {"[ARGS]", "[CALL]"});
  const std::string call = control_text(1), arguments = control_text(0);
  EXPECT_TRUE(takes(*grammar, "so" + call + "f" + arguments + "\"[CALL]\""));
  EXPECT_TRUE(takes(*grammar, "[CALL]" + call + "f" + arguments + "\"x\""));
  EXPECT_FALSE(takes(*grammar, "[CALL]f[ARGS]\"x\""));
  EXPECT_FALSE(takes(*grammar, call + "f" + arguments + "\"" + call + "\""));
}

TEST(TextFormat, OthersMayBePartsOfOne) {
  const TextFormat format{parse_json(R"({"type": "or", "elements": [{"type": "part", "index": 1},
                                         {"type": "sequence", "elements": [{"type": "const_string", "value": "<"},
                                          {"type": "part", "index": 0}]}]})"),
                          {},
                          {},
                          {regex_source("a+"), regex_source("b+")}};
  const auto grammar = compile_text_format(format);
  EXPECT_TRUE(takes(*grammar, "<aa"));
  EXPECT_TRUE(takes(*grammar, "bb"));
  EXPECT_FALSE(takes(*grammar, "<bb"));
  TextFormat other = format;
  other.parts[0] = regex_source("c+");
  EXPECT_NE(text_format_source(format).key, text_format_source(other).key);
}

TEST(TextFormat, MasksAreWhatTheMatcherTakes) {
  constexpr std::string_view kForm = R"json({"type": "sequence", "elements": [
      {"type": "any_text", "excludes": ["(root"]},
      {"type": "optional", "content": {"type": "plus", "separator": ",", "content": {"type": "sequence", "elements": [
          {"type": "const_string", "value": "(root"},
          {"type": "json_schema", "json_schema":
              {"properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": false}},
          {"type": "const_string", "value": ")"}]}}}]})json";
  EXPECT_EQ(walk_fault(compiled(kForm), 1, 10, 15), "");
}

TEST(TextFormat, RefusesWhatIsNone) {
  for (const std::string_view form :
       {R"({})", R"([])", R"({"type": 1})", R"({"type": "other"})", R"({"type": "const_string"})",
        R"({"type": "sequence", "elements": {}})", R"({"type": "or", "elements": []})",
        R"({"type": "any_text", "excludes": [""]})", R"({"type": "any_text", "excludes": [], "maxLength": -1})",
        R"({"type": "regex", "pattern": "("})", R"({"type": "json_schema", "json_schema": {"type": "other"}})"}) {
    EXPECT_THROW(compiled(form), Error) << form;
  }
  std::string deep = R"({"type": "const_string", "value": ""})";
  for (int i = 0; i < 120; ++i) deep = R"({"type": "optional", "content": )" + deep + "}";
  EXPECT_THROW(compiled(deep), Error);
}

}  // namespace
}  // namespace estoc::grammar
