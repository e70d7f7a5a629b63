// Corners of expressions and calls; what Jinja 3.1 makes of the same templates.
#include <gtest/gtest.h>

#include "base/error.h"
#include "jinja/template.h"

namespace estoc::jinja {
namespace {

std::string render(const std::string& source) { return Template(source).render(parse_json("{}"), 0); }

void expect_refused(const std::string& source) {
  EXPECT_THROW(render(source), Error) << source << "\nrendered: " << render(source);
}

TEST(Expressions, EscapesThatEndAString) {
  EXPECT_EQ(render(R"({{ '\x41' }}{{ '\u00e9' }}{{ '\U0001F600' }})"), "Aé😀");
  for (const char* cut : {R"({{ '\x4' }})", R"({{ '\u00e' }})", R"({{ '\U0001F60' }})", R"({{ '\ud800' }})"}) {
    expect_refused(cut);
  }
}

TEST(Expressions, PercentFormats) {
  EXPECT_EQ(render("{{ '%05d|%-5d|%+d|% d|%x|%#x' | format(42, 7, 3, 4, 255, 255) }}"), "00042|7    |+3| 4|ff|0xff");
  EXPECT_EQ(render("{{ '%(a)s' % {'a': 1, 'b': 2} }}{{ 'x' % {} }}{{ 'x' % [] }}{{ '%s' % [1] }}"), "1xx[1]");
  expect_refused("{{ '%s' | format('a', 'b') }}");
  expect_refused("{{ '%s %s' | format('a') }}");
  expect_refused("{{ 'x' % 1 }}");
}

TEST(Expressions, FiltersThatCompare) {
  EXPECT_EQ(render("{{ ['a', 'A', 'b'] | unique | join }} {{ ['a', 'A', 'b'] | unique(true) | join }}"), "ab aAb");
  EXPECT_EQ(render("{{ ['b', 'A'] | min }}{{ ['b', 'A'] | max }}{{ ['b', 'A', 'a'] | min(true) }}"), "AbA");
  EXPECT_EQ(render("{{ ['a', 'A'] | max }}{{ ['A', 'a'] | min }}"), "aA");  // the first of equal ones
}

TEST(Expressions, AttributesByPathAndNumber) {
  EXPECT_EQ(
      render("{{ [[1, 2], [3, 4]] | map(attribute=1) | list }}{{ [[1, 2], [3, 4]] | map(attribute='1') | list }}"),
      "[2, 4][2, 4]");
  EXPECT_EQ(render("{{ [{'a': [5]}] | map(attribute='a.0') | list }}{{ [{'': 7}] | map(attribute='') | list }}"),
            "[5][7]");
}

TEST(Expressions, Comparisons) {
  EXPECT_EQ(render("{{ 1 is le 1 }} {{ 2 is le 1 }} {{ 0 is le 1 }}"), "True False True");
  EXPECT_EQ(render("{{ 1 is ge 1 }} {{ 0 is ge 1 }} {{ 2 is ge 1 }}"), "True False True");
  EXPECT_EQ(render("{{ 1 is lt 1 }} {{ 0 is lt 1 }} {{ 1 is gt 1 }} {{ 2 is gt 1 }}"), "False True False True");
  expect_refused("{{ 1 is eq(1, 2) }}");
  expect_refused("{{ 1 is eq }}");
  expect_refused("{{ 1 is eq(1, x=2) }}");
}

TEST(Expressions, ArgumentsInTheirOrder) {
  EXPECT_EQ(render("{{ dict(a=1, *[]) }}{{ range(*[1, 3]) | list }}{{ dict(**{'b': 2}) }}"), "{'a': 1}[1, 2]{'b': 2}");
  for (const char* wrong : {"range(*[1], 2)", "range(stop=1, 2)", "range(**{}, *[1])", "range(**{}, 1)",
                            "dict(**{'a': 1}, b=2)", "range(*[1], *[2])", "dict(**{}, **{})"}) {
    expect_refused("{{ " + std::string(wrong) + " }}");
  }
}

TEST(Statements, AMacroInsideALoopIsOutsideOfIt) {
  EXPECT_EQ(render("{% for x in [1, 2] %}{% macro m() %}y{% endmacro %}{{ x }}{% break %}{% endfor %}"), "1");
  expect_refused("{% for x in [1] %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}");
}

TEST(Statements, FilterBlocksInsideFilterBlocks) {
  EXPECT_EQ(render("{% filter upper %}a{% filter replace('b', 'x') | lower %}B{% endfilter %}c{% endfilter %}"), "ABC");
  EXPECT_EQ(render("{% filter replace('a', 'b' | upper) | lower %}xaY{% endfilter %}"), "xby");
}

}  // namespace
}  // namespace estoc::jinja
