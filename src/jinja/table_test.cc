// Every method, filter, test, operator and tag with every kind of value, beside what Jinja says to it: the table was
// made by tests/golden/make_jinja_table.py, which tells what it holds and where we differ on purpose.
#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "base/error.h"
#include "base/mapped_file.h"
#include "jinja/template.h"

namespace estoc::jinja {
namespace {

constexpr int64_t kNow = 1699963200;  // NOW of tests/golden/chat_environment.py

const Json& table() {
  static const Json kTable = parse_json(read_file(std::string(ESTOC_SOURCE_DIR) + "/tests/golden/jinja_table.json"));
  return kTable;
}

std::string source_of(const std::string& expression, const std::string& value) {
  return "{% macro macro() %}m{% endmacro %}{% set X = " + value + " %}{{ [" + expression + "] }}";
}

// Nothing where the template is refused.
std::optional<std::string> rendered(const std::string& source) {
  try {
    return Template(source).render(Json(Json::Object()), kNow);
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::string shown(const std::optional<std::string>& text) { return text ? *text : "(refused)"; }

// What Jinja says in the row's column `value`: the text within the brackets of the list, or nothing.
std::optional<std::string> cell(const Json& places, size_t value) {
  for (const auto& [text, columns] : places.as_object()) {
    for (const Json& column : columns.as_array()) {
      if (column.as_uint() == value) return "[" + text + "]";
    }
  }
  return std::nullopt;
}

std::string id_of(const std::string& section, const std::string& expression, const std::string& value) {
  return section + "\n" + expression + "\n" + value;
}

struct Difference {
  std::optional<std::string> jinja;
  std::string reason;
};

std::map<std::string, Difference> known_differences() {
  std::map<std::string, Difference> known;
  for (const Json& row : table().find("unequal")->as_array()) {
    const Json::Array& parts = row.as_array();
    Difference difference;
    if (parts[3].is_string()) difference.jinja = parts[3].as_string();
    difference.reason = table().find("differences")->find(parts[4].as_string())->as_string();
    known[id_of(parts[0].as_string(), parts[1].as_string(), parts[2].as_string())] = std::move(difference);
  }
  return known;
}

TEST(JinjaTable, EveryCellIsAsJinjaHasIt) {
  const auto known = known_differences();
  size_t cells = 0;
  for (const Json& section : table().find("sections")->as_array()) {
    const std::string& name = section.find("section")->as_string();
    const Json::Array& values = section.find("values")->as_array();
    for (const Json& row : section.find("rows")->as_array()) {
      const std::string& expression = row.as_array()[0].as_string();
      for (size_t i = 0; i < values.size(); ++i, ++cells) {
        const std::string& value = values[i].as_string();
        if (known.contains(id_of(name, expression, value))) continue;
        const auto jinja = cell(row.as_array()[1], i);
        const auto ours = rendered(source_of(expression, value));
        EXPECT_EQ(shown(ours), shown(jinja)) << name << ": " << expression << ", where X is " << value;
      }
    }
  }
  EXPECT_GT(cells, 10'000u);
}

TEST(JinjaTable, EveryTagIsAsJinjaHasIt) {
  size_t tags = 0;
  for (const Json& row : table().find("tags")->as_array()) {
    const std::string& source = row.as_array()[0].as_string();
    const Json& jinja = row.as_array()[1];
    EXPECT_EQ(shown(rendered(source)), jinja.is_string() ? jinja.as_string() : "(refused)") << source;
    ++tags;
  }
  EXPECT_GT(tags, 100u);
}

// So that the list of differences does not outlive them.
TEST(JinjaTable, KnownDifferencesDiffer) {
  for (const auto& [id, difference] : known_differences()) {
    const size_t first = id.find('\n');
    const size_t second = id.rfind('\n');
    const std::string expression = id.substr(first + 1, second - first - 1);
    const bool is_tag = id.starts_with("tags\n");
    const auto ours = rendered(is_tag ? expression : source_of(expression, id.substr(second + 1)));
    EXPECT_NE(shown(ours), shown(difference.jinja)) << id << "\n" << difference.reason;
  }
}

TEST(JinjaTable, KnownDifferencesAreDocumented) {
  const std::string document = read_file(std::string(ESTOC_SOURCE_DIR) + "/docs/TEMPLATES.md");
  for (const auto& [name, reason] : table().find("differences")->as_object()) {
    EXPECT_NE(document.find("| " + name + " |"), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace estoc::jinja
