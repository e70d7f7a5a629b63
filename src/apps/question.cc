#include "apps/question.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/utf8.h"

namespace estoc {
std::string read_standard_input(const char* expected) {
  std::string text;
  for (;;) {
    char buffer[65536];
    const ssize_t got = ::read(STDIN_FILENO, buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(ErrorCode::io, "standard input: {}", std::strerror(errno));
    if (got == 0) return text;
    text.append(buffer, static_cast<size_t>(got));
    if (text.size() > kQuestionBytesMax) {
      fail(ErrorCode::invalid_argument, "standard input: more than {} MiB, expected {}", kQuestionBytesMax >> 20,
           expected);
    }
  }
}

namespace {

std::string read_input() {
  std::string text = read_standard_input("a question");
  for (const char end : {'\n', '\r'}) {
    if (text.ends_with(end)) text.pop_back();
  }
  return text;
}

}  // namespace

std::optional<std::string> read_question(const std::optional<std::string>& argument) {
  if (!argument && ::isatty(STDIN_FILENO) == 1) return std::nullopt;
  const char* what = argument ? "PROMPT" : "standard input";
  std::string question = argument ? *argument : read_input();
  if (question.find_first_not_of(" \t\r\n") == std::string::npos) {
    fail(ErrorCode::invalid_argument, "{}: is empty, expected a question", what);
  }
  check_text(question, what);
  return question;
}

void check_text(const std::string& text, const char* what) {
  if (!is_valid_utf8(text)) fail(ErrorCode::invalid_argument, "{}: is not valid UTF-8 text", what);
}

}  // namespace estoc
