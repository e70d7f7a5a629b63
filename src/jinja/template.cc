#include "jinja/template.h"

#include <ctime>

#include "base/error.h"
#include "base/utf8.h"
#include "jinja/evaluator.h"
#include "jinja/failure.h"
#include "jinja/json.h"
#include "jinja/limits.h"
#include "jinja/parser.h"

namespace estoc::jinja {

struct Template::Compiled {
  std::string name;
  Program program;
};

Template::Template(std::string_view source, std::string name) {
  if (source.size() > kSourceBytesMax) {
    fail(ErrorCode::corrupt_file, "{}: longer than {} bytes", name, kSourceBytesMax);
  }
  if (!is_valid_utf8(source)) fail(ErrorCode::corrupt_file, "{}: not valid UTF-8", name);
  try {
    Program program = parse_template(source);
    compiled_ = std::make_unique<const Compiled>(Compiled{std::move(name), std::move(program)});
  } catch (const SyntaxError& error) {
    fail(ErrorCode::corrupt_file, "{}, line {}: {}", name, error.line(), error.what());
  } catch (const Failure& failure) {
    fail(ErrorCode::corrupt_file, "{}: {}", name, failure.what());
  }
}

Template::~Template() = default;
Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;

std::string Template::render(const Json& variables, int64_t now) const {
  const Program& program = compiled_->program;
  Values context;
  context.reserve(program.names.size());
  try {
    for (const std::string& name : program.names) {
      const Json* value = variables.find(name);
      context.push_back(value ? from_json(*value) : Value());
    }
  } catch (const Failure& failure) {
    fail(ErrorCode::invalid_argument, "{}: {}", compiled_->name, failure.what());
  }
  Evaluator evaluator(program, std::move(context), now != 0 ? now : static_cast<int64_t>(std::time(nullptr)));
  try {
    return evaluator.run();
  } catch (const Failure& failure) {
    fail(ErrorCode::invalid_argument, "{}, line {}: {}", compiled_->name, evaluator.line(), failure.what());
  }
}

}  // namespace estoc::jinja
