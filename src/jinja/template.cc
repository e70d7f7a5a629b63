#include "jinja/template.h"

#include <ctime>

#include "base/error.h"
#include "base/utf8.h"
#include "jinja/evaluator.h"
#include "jinja/failure.h"
#include "jinja/json.h"
#include "jinja/limits.h"
#include "jinja/parser.h"

namespace estoc {

struct ChatTemplate::Compiled {
  std::string name;
  jinja::Program program;
};

ChatTemplate::ChatTemplate(std::string_view source, std::string name) {
  if (source.size() > jinja::kSourceBytesMax) {
    fail(ErrorCode::corrupt_file, "{}: longer than {} bytes", name, jinja::kSourceBytesMax);
  }
  if (!is_valid_utf8(source)) fail(ErrorCode::corrupt_file, "{}: not valid UTF-8", name);
  try {
    jinja::Program program = jinja::parse_template(source);
    compiled_ = std::make_unique<const Compiled>(Compiled{std::move(name), std::move(program)});
  } catch (const jinja::SyntaxError& error) {
    fail(ErrorCode::corrupt_file, "{}, line {}: {}", name, error.line(), error.what());
  } catch (const jinja::Failure& failure) {
    fail(ErrorCode::corrupt_file, "{}: {}", name, failure.what());
  }
}

ChatTemplate::~ChatTemplate() = default;
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;

std::string ChatTemplate::render(const Json& variables, int64_t now) const {
  const jinja::Program& program = compiled_->program;
  jinja::Values context;
  context.reserve(program.names.size());
  try {
    for (const std::string& name : program.names) {
      const Json* value = variables.find(name);
      context.push_back(value ? jinja::from_json(*value) : jinja::Value());
    }
  } catch (const jinja::Failure& failure) {
    fail(ErrorCode::invalid_argument, "{}: {}", compiled_->name, failure.what());
  }
  jinja::Evaluator evaluator(program, std::move(context), now != 0 ? now : static_cast<int64_t>(std::time(nullptr)));
  try {
    return evaluator.run();
  } catch (const jinja::Failure& failure) {
    fail(ErrorCode::invalid_argument, "{}, line {}: {}", compiled_->name, evaluator.line(), failure.what());
  }
}

}  // namespace estoc
