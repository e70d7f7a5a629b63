// Renders chat templates for jinja_renderings.py: one JSON object a line on the standard input, one a line as answer.
//
//   {"template": TEXT}      compiles it, and keeps it for the lines that follow
//   {"variables": OBJECT}   renders the kept template
//
// The answer is {"text": TEXT}, or {"error": SENTENCE} where the template was refused or stopped.
#include <cstdio>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "jinja/template.h"

namespace {

constexpr int64_t kNow = 1699963200;  // NOW of tests/golden/chat_environment.py

std::string answer_to(const estoc::Json& line, std::unique_ptr<estoc::jinja::Template>& kept) {
  if (const estoc::Json* source = line.find("template")) {
    kept.reset();
    kept = std::make_unique<estoc::jinja::Template>(source->as_string());
    return {};
  }
  if (!kept) estoc::fail(estoc::ErrorCode::invalid_argument, "the template was refused");
  return kept->render(*line.find("variables"), kNow);
}

bool read_line(std::string& line) {
  line.clear();
  for (int c = std::getchar(); c != EOF; c = std::getchar()) {
    if (c == '\n') return true;
    line += static_cast<char>(c);
  }
  return !line.empty();
}

}  // namespace

int main() {
  std::unique_ptr<estoc::jinja::Template> kept;
  for (std::string line; read_line(line);) {
    estoc::Json answer;
    try {
      answer.set("text", answer_to(estoc::parse_json(line, 1000), kept));
    } catch (const estoc::Error& error) {
      answer.set("error", error.what());
    }
    std::puts(estoc::to_json(answer).c_str());
    std::fflush(stdout);
  }
}
