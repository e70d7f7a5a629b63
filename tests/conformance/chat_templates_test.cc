// Published chat templates with every conversation; the texts to expect are Jinja's (tests/golden/make_chat_golden.py).
#include "base/error.h"
#include "base/mapped_file.h"
#include "conformance/test_shared_data.h"
#include "jinja/template.h"

namespace estoc {
namespace {

constexpr int64_t kNow = 1699963200;  // noon of 14 November 2023 in UTC: the same day in nearly every time zone

const std::string kGoldenFolder = std::string(ESTOC_SOURCE_DIR) + "/tests/golden/";

struct Outcome {
  bool is_error = false;
  std::string text;  // what was rendered, or the message
};

Outcome outcome_of(const std::string& source, const Json& variables) {
  try {
    return {false, jinja::Template(source).render(variables, kNow)};
  } catch (const Error& error) {
    return {true, error.what()};
  }
}

TEST(ChatTemplates, RenderAsJinjaDoes) {
  const std::string folder = shared_path("chat_templates/");
  ESTOC_SKIP_WITHOUT(folder);
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
