// Compares with Jinja itself: the expected texts were made by tests/golden/make_chat_golden.py.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "base/mapped_file.h"
#include "chat/template.h"

namespace estoc {
namespace {

constexpr int64_t kNow = 1699963200;  // noon of 14 November 2023 in UTC: the same day in nearly every time zone

const std::string kGoldenFolder = std::string(ESTOC_SOURCE_DIR) + "/tests/golden/";

std::string shared_folder() {
  const char* given = std::getenv("ESTOC_SHARED");
  return given ? given : std::string(ESTOC_SOURCE_DIR) + "/../shared";
}

struct Outcome {
  bool is_error = false;
  std::string text;  // what was rendered, or the message
};

Outcome outcome_of(const std::string& source, const Json& variables) {
  try {
    return {false, ChatTemplate(source).render(variables, kNow)};
  } catch (const Error& error) {
    return {true, error.what()};
  }
}

TEST(ChatTemplateGolden, SmallCases) {
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

// Every template of the shared data with every conversation. Skipped where the shared data is absent.
TEST(ChatTemplateGolden, RealTemplates) {
  const std::string folder = shared_folder() + "/data/chat_templates/";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no shared data at " << folder << " (set ESTOC_SHARED)";
  const Json goldens = parse_json(read_file(kGoldenFolder + "chat_real.json"));
  size_t compared = 0;
  for (const Json& one : goldens.as_array()) {
    const std::string& name = one.find("template")->as_string();
    Json variables = parse_json(read_file(folder + "contexts/" + one.find("context")->as_string()));
    for (const auto& [key, value] : one.find("variables")->as_object()) variables.set(key, value);
    const Outcome outcome = outcome_of(read_file(folder + "templates/" + name), variables);
    const std::string what = name + " with " + one.find("context")->as_string();
    if (const Json* expected = one.find("expected")) {
      EXPECT_FALSE(outcome.is_error) << what << ": " << outcome.text;
      if (!outcome.is_error) {
        EXPECT_EQ(outcome.text, expected->as_string()) << what;
      }
    } else {
      EXPECT_TRUE(outcome.is_error) << what;
      const Json* raised = one.find("raised");
      if (raised) {
        EXPECT_EQ(outcome.text, raised->as_string()) << what;
      }
    }
    ++compared;
  }
  EXPECT_GE(compared, 162u);
}

}  // namespace
}  // namespace estoc
