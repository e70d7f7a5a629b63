#include "jinja/template.h"

#include <gtest/gtest.h>

#include <ctime>

#include "base/error.h"

namespace estoc::jinja {
namespace {

std::string render(const std::string& source, const std::string& variables = "{}", int64_t now = 0) {
  return Template(source).render(parse_json(variables), now);
}

std::string compile_error(const std::string& source) {
  try {
    const Template compiled(source);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::corrupt_file);
    return error.what();
  }
  return "compiled";
}

std::string render_error(const std::string& source, const std::string& variables = "{}") {
  const Template compiled(source);
  try {
    compiled.render(parse_json(variables));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    return error.what();
  }
  return "rendered";
}

TEST(Template, RendersMessages) {
  const std::string source =
      "{% for m in messages %}<|{{ m.role }}|>{{ m['content'] | trim }}\n{% endfor %}"
      "{% if add_generation_prompt %}<|assistant|>{% endif %}";
  EXPECT_EQ(render(source, R"({"messages":[{"role":"user","content":" hi "}],"add_generation_prompt":true})"),
            "<|user|>hi\n<|assistant|>");
}

TEST(Template, CompileErrorsNameTheLine) {
  EXPECT_EQ(compile_error("a\n{% if x %}\n{% endfor %}"), "chat template, line 3: unexpected 'endfor'");
  EXPECT_EQ(compile_error("{% for x in y %}"),
            "chat template, line 1: expected 'endfor' or 'else', got the end of the template");
  EXPECT_EQ(compile_error("\n\n{{ a b }}"), "chat template, line 3: expected '}}', got 'b'");
  EXPECT_EQ(compile_error("{{ 'a }}"), "chat template, line 1: a string literal is not closed");
  EXPECT_EQ(compile_error("{% nope %}"), "chat template, line 1: unknown or unsupported tag 'nope'");
  EXPECT_EQ(compile_error("\n{{ x | nope }}"), "chat template, line 2: no filter named 'nope'");
  EXPECT_EQ(compile_error("{{ x is nope }}"), "chat template, line 1: no test named 'nope'");
  EXPECT_EQ(compile_error("{% if false %}{{ x | random }}{% endif %}"),
            "chat template, line 1: the filter 'random' is not supported: its result differs from run to run");
  EXPECT_EQ(compile_error("\xff"), "chat template: not valid UTF-8");
}

TEST(Template, RenderErrorsNameTheLineAndReason) {
  EXPECT_EQ(render_error("\n{{ a.b.c }}"), "chat template, line 2: 'a' is undefined");
  EXPECT_EQ(render_error("{{ 1 + 'a' }}"), "chat template, line 1: unsupported operand types for +: 'int' and 'str'");
  EXPECT_EQ(render_error("{% if true %}{{ x | nope }}{% endif %}"), "chat template, line 1: no filter named 'nope'");
  EXPECT_EQ(render_error("{% include 'x' %}"),
            "chat template, line 1: 'include' cannot load anything: a chat template stands alone");
  EXPECT_EQ(render_error("{{ 'a'.encode() }}"), "chat template, line 1: encode: templates have no bytes, only text");
  EXPECT_EQ(render_error("{{ raise_exception('Only user and assistant!') }}"), "Only user and assistant!");
}

// Where Python has a TypeError there is a sentence, not an empty text or the whole list.
TEST(Template, RefusesWhatPythonRefuses) {
  const std::string line = "chat template, line 1: ";
  EXPECT_EQ(render_error("{% set x = none %}{{ x[1:] }}"), line + "'NoneType' object cannot be sliced");
  EXPECT_EQ(render_error("{{ 5[1:] }}"), line + "'int' object cannot be sliced");
  EXPECT_EQ(render_error("{{ {'a': 1}[1:] }}"), line + "'dict' object cannot be sliced");
  EXPECT_EQ(render_error("{{ [1, 2][missing:] }}"), line + "slice indices must be integers or None");
  EXPECT_EQ(render_error("{{ 'a' is upper(1) }}"), line + "the test 'upper' takes no argument");
  EXPECT_EQ(render_error("{{ [1] | sort('x') }}"), line + "sort: 'reverse' is an int, not str");
  EXPECT_EQ(render_error("{{ [{}, {}] | groupby('a') }}"), line + "'dict object' has no attribute 'a'");
  EXPECT_EQ(render_error("{{ '{} {}'.format(1) }}"), line + "format: there is no argument 1");
  EXPECT_EQ(render_error("{{ '{:d}'.format('x') }}"), line + "unknown format code 'd' for a string");
  EXPECT_EQ(render_error("{{ '{0[a}'.format({}) }}"), line + "format: expected '}' before the end of the string");
  EXPECT_EQ(render("{{ missing is sequence }}"), "True");
  EXPECT_EQ(render("{{ \"<{}>\".format(\"x\") }}"), "<x>");
  EXPECT_EQ(render("{{ '{0.role}: {m[content]!r:>6}'.format(m, m=m) }}", R"({"m":{"role":"user","content":"hi"}})"),
            "user:   'hi'");
}

TEST(Template, StrftimeNowSeesTheGivenTime) {
  const int64_t now = 1'700'000'000;
  const auto seconds = static_cast<std::time_t>(now);
  std::tm local{};
  localtime_r(&seconds, &local);
  char expected[64];
  ASSERT_GT(std::strftime(expected, sizeof expected, "%d %b %Y", &local), 0u);
  EXPECT_EQ(render("{{ strftime_now('%d %b %Y') }}", "{}", now), expected);
}

TEST(Template, IntegersBeyond64BitsAreErrorsNotWrongNumbers) {
  EXPECT_EQ(render("{{ 2 ** 62 }}"), "4611686018427387904");
  EXPECT_NE(render_error("{{ 2 ** 63 }}").find("64 bits"), std::string::npos);
  EXPECT_NE(compile_error("{{ 9223372036854775808 }}").find("64 bits"), std::string::npos);
}

TEST(Template, FromJsonReadsText) {
  EXPECT_EQ(render("{{ (s | from_json).a[1] }}", R"({"s":"{\"a\":[1,2]}"})"), "2");
  EXPECT_NE(render_error("{{ '{' | from_json }}").find("from_json"), std::string::npos);
}

TEST(Template, TimeIsBounded) {
  // Searching thirty million bytes counts as much as it costs, so the limit comes soon.
  const std::string loops =
      "{% set s = 'x' * 30000000 %}{% for a in range(100000) %}{% for b in range(100000) %}"
      "{% set c = 'y' in s %}{% endfor %}{% endfor %}";
  EXPECT_NE(render_error(loops).find("steps"), std::string::npos);
  EXPECT_NE(render_error("{{ range(100001) }}").find("range()"), std::string::npos);
}

TEST(Template, MemoryIsBounded) {
  EXPECT_NE(render_error("{{ 'x' * 100000000 }}").find("bytes"), std::string::npos);
  const std::string doubling =
      "{% set ns = namespace(s='0123456789') %}{% for i in range(100) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}";
  EXPECT_NE(render_error(doubling).find("bytes"), std::string::npos);
  const std::string lists =
      "{% set ns = namespace(l=[1]) %}{% for i in range(100) %}{% set ns.l = ns.l + ns.l %}{% endfor %}";
  EXPECT_NE(render_error(lists).find("items"), std::string::npos);
  EXPECT_NE(render_error("{{ 'a' | center(999999999) }}").find("longer"), std::string::npos);
}

// What makes much of little, method by method: each stops with a sentence, before the memory is taken.
TEST(Template, EveryGrowthIsBounded) {
  const std::pair<const char*, const char*> kCases[] = {
      {"'x'.center(99999999999)", "longer"},
      {"'x'.ljust(99999999999, 'é')", "longer"},
      {"'1'.zfill(99999999999)", "longer"},
      {"'{:99999999999}'.format(1)", "width"},
      {"'{:.99999999999f}'.format(1.5)", "width"},
      {"'{:,}{:{}}'.format(1, 2, 999999)", "width"},
      {"'%99999999999d' % 1", "width"},
      {"'%.*f' % (999999999, 1.5)", "width"},
      {"('\t' * 1000).expandtabs(99999999999)", "longer"},
      {"('x' * 3000).replace('', 'y' * 30000)", "longer"},
      {"('x' * 3000).translate({120: 'y' * 30000})", "longer"},
      {"('y' * 30000).join('x' * 3000)", "longer"},
      {"('x,' * 1100000).split(',')", "parts"},
      {"('x,' * 1100000).rsplit(',')", "parts"},
      {"('x ' * 1100000).split()", "parts"},
      {"('\n' * 1100000).splitlines()", "parts"},
      {"('\n' * 1100000) | indent", "parts"},
      {"('x' * 1100000) | list", "characters"},
      {"[1] * 1100000", "items"},
      {"[1] | batch(1100000, 'x') | list", "items"},
      {"[1] | slice(99999999999) | list", "count"},
      {"range(99999999999)", "range()"},
      {"range(99999)[::-1] | list + range(99999999999)", "range()"},
      {"[[1]] | tojson(indent=99999)", "indent"},
      {"[[1]] | tojson(indent='x' * 99999)", "indent"},
      {"('[' ~ '0,' * 2500000 ~ '0]') | from_json", "longer"},
      {"strftime_now('%999999d')", "widths"},
  };
  for (const auto& [expression, reason] : kCases) {
    const std::string message = render_error(std::string("{{ ") + expression + " }}");
    EXPECT_NE(message.find(reason), std::string::npos) << expression << ": " << message;
  }
}

// Work on every character counts in proportion, whatever the method.
TEST(Template, EveryMethodCountsItsWork) {
  for (const char* expression : {"t.title()", "n in t", "t | int"}) {
    const std::string loop =
        "{% set t = 'é' * 1000000 %}{% set n = 'é' * 4000 ~ 'b' %}{% for i in range(100000) %}"
        "{% set x = " +
        std::string(expression) + " %}{% endfor %}";
    const std::string message = render_error(loop);
    const bool is_limit = message.find("steps") != std::string::npos || message.find("bytes") != std::string::npos;
    EXPECT_TRUE(is_limit) << expression << ": " << message;
  }
}

TEST(Template, RecursionIsBounded) {
  EXPECT_NE(render_error("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}").find("recurses"), std::string::npos);
  const std::string nested =
      "{% set ns = namespace(x=[]) %}{% for i in range(10000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}";
  EXPECT_NE(render_error(nested).find("nests"), std::string::npos);
  const std::string lazy =
      "{% set ns = namespace(g=[1]) %}{% for i in range(10000) %}{% set ns.g = ns.g | map('string') %}{% endfor %}"
      "{{ ns.g | list }}";
  EXPECT_NE(render_error(lazy).find("nests"), std::string::npos);
  EXPECT_NE(render_error("{% block a %}{{ self.a() }}{% endblock %}").find("recurses"), std::string::npos);
  const std::string loop = "{% for a in [[]] recursive %}{{ loop([a]) }}{% endfor %}";
  EXPECT_NE(render_error(loop).find("recurses"), std::string::npos);
}

TEST(Template, ParsingIsBounded) {
  const auto repeated = [](const std::string& part, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += part;
    return out;
  };
  EXPECT_NE(compile_error("{{ " + repeated("(", 20000) + "1" + repeated(")", 20000) + " }}").find("nests"),
            std::string::npos);
  EXPECT_NE(compile_error("{{ " + repeated("[", 20000) + repeated("]", 20000) + " }}").find("nests"),
            std::string::npos);
  EXPECT_NE(compile_error("{{ " + repeated("not ", 20000) + "a }}"), "compiled");
  EXPECT_NE(compile_error("{{ " + repeated("-", 20000) + "1 }}"), "compiled");
  EXPECT_NE(compile_error("{{ 1" + repeated("+1", 20000) + " }}"), "compiled");
  EXPECT_NE(compile_error("{{ a" + repeated(".a", 20000) + " }}"), "compiled");
  EXPECT_NE(compile_error("{{ a" + repeated("|trim", 20000) + " }}"), "compiled");
  EXPECT_NE(compile_error("{{ a" + repeated(" if a else b", 20000) + " }}"), "compiled");
  EXPECT_NE(compile_error(repeated("{% if a %}", 20000)), "compiled");
  EXPECT_NE(compile_error("{% set " + repeated("(", 20000) + " %}"), "compiled");
}

// Namespaces and macros can hold each other; a leak checker watches that the end of a rendering frees them.
TEST(Template, CyclesAreFreed) {
  EXPECT_EQ(render("{% set ns = namespace() %}{% set ns.me = ns %}{{ ns.me.me is sameas ns }}"), "True");
  EXPECT_EQ(render("{% macro m(x) %}{% if x %}{{ m(x - 1) }}{% endif %}.{% endmacro %}{{ m(3) }}"), "....");
  const std::string chain =
      "{% set ns = namespace() %}{% for i in range(20000) %}{% set old = ns.f %}"
      "{% macro m() %}{{ old }}{% endmacro %}{% set ns.f = m %}{% endfor %}done";
  EXPECT_EQ(render(chain), "done");
}

TEST(Template, OneTemplateServesManyRenderings) {
  const Template compiled(
      "{% set ns = namespace(n=0) %}{% for i in range(n) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}");
  EXPECT_EQ(compiled.render(parse_json(R"({"n":4})")), "6");
  EXPECT_EQ(compiled.render(parse_json(R"({"n":5})")), "10");
}

}  // namespace
}  // namespace estoc::jinja
