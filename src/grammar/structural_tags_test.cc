#include "grammar/structural_tags.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "grammar/test_grammar_checks.h"

namespace estoc::grammar {
namespace {

StructuralTags weather() {
  StructuralTags out;
  out.tags.push_back(
      {"<fn=get>", TagSchema{parse_json(R"({"properties": {"a": {"type": "integer"}}, "required": ["a"]})")}, "</fn>"});
  out.tags.push_back({"<fn=say>", TagExpression{"[a-z]+"}, "</fn>"});
  out.triggers = {"<fn="};
  return out;
}

TEST(StructuralTags, FreeTextAroundConstrainedParts) {
  const auto grammar = compile_structural_tags(weather());
  EXPECT_TRUE(takes(*grammar, ""));
  EXPECT_TRUE(takes(*grammar, "just text with < and <f and \xE3\x81\x82"));
  EXPECT_TRUE(takes(*grammar, "so: <fn=get>{\"a\":1}</fn> and <fn=say>hello</fn>."));
  EXPECT_FALSE(takes(*grammar, "so: <fn=get>{\"a\":\"x\"}</fn>"));
  EXPECT_FALSE(takes(*grammar, "so: <fn=other>"));
  EXPECT_FALSE(takes(*grammar, "so: <fn=say>hello"));
  EXPECT_TRUE(takes(*grammar, "<<fn=say>x</fn>"));
}

TEST(StructuralTags, MayBeNeededAndLast) {
  StructuralTags tags = weather();
  tags.needs_tag = tags.ends_after_tag = true;
  const auto grammar = compile_structural_tags(tags);
  EXPECT_FALSE(takes(*grammar, "text"));
  EXPECT_TRUE(takes(*grammar, "text <fn=say>x</fn>"));
  EXPECT_FALSE(takes(*grammar, "text <fn=say>x</fn>."));
}

TEST(StructuralTags, MasksAreWhatTheMatcherTakes) {
  StructuralTags tags = weather();
  tags.tags.push_back({"(root", TagGbnf{"root ::= \"a\"+"}, ")"});
  tags.triggers.push_back("(r");
  EXPECT_EQ(walk_fault(compile_structural_tags(tags), 1, 10, 15), "");
}

TEST(StructuralTags, RefusesTagsWithoutTrigger) {
  StructuralTags tags = weather();
  tags.triggers = {"[fn="};
  EXPECT_THROW(compile_structural_tags(tags), Error);
  tags.triggers = {""};
  EXPECT_THROW(compile_structural_tags(tags), Error);
  EXPECT_THROW(compile_structural_tags({}), Error);
}

}  // namespace
}  // namespace estoc::grammar
