// Compares with Jinja itself: the expected texts were made by tests/golden/make_chat_golden.py.
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/mapped_file.h"
#include "jinja/template.h"

namespace estoc::jinja {
namespace {

constexpr int64_t kNow = 1699963200;  // noon of 14 November 2023 in UTC: the same day in nearly every time zone

const std::string kGoldenFolder = std::string(ESTOC_SOURCE_DIR) + "/tests/golden/";

struct Outcome {
  bool is_error = false;
  std::string text;  // what was rendered, or the message
};

Outcome outcome_of(const std::string& source, const Json& variables) {
  try {
    return {false, Template(source).render(variables, kNow)};
  } catch (const Error& error) {
    return {true, error.what()};
  }
}

TEST(TemplateGolden, SmallCases) {
  const Json cases = parse_json(read_file(kGoldenFolder + "chat_cases.json"));
  ASSERT_GT(cases.as_array().size(), 150u);
  const Json& variables = *cases.as_array()[0].find("variables");  // the same for every case
  for (size_t i = 1; i < cases.as_array().size(); ++i) {
    const Json& one = cases.as_array()[i];
    const std::string& source = one.find("template")->as_string();
    const Outcome outcome = outcome_of(source, variables);
    if (const Json* expected = one.find("expected")) {
      EXPECT_FALSE(outcome.is_error) << source << "\n" << outcome.text;
      if (!outcome.is_error) {
        EXPECT_EQ(outcome.text, expected->as_string()) << source;
      }
    } else {
      EXPECT_TRUE(outcome.is_error) << source << "\nrendered: " << outcome.text
                                    << "\nbut Jinja says: " << one.find("error")->as_string();
    }
  }
}

}  // namespace
}  // namespace estoc::jinja
