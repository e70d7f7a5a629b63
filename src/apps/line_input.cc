#include "apps/line_input.h"

#include <unistd.h>

#include <cerrno>
namespace estoc {

std::optional<std::string> LineInput::read() {
  std::fputs(prompt_.c_str(), screen_);
  std::fflush(screen_);
  for (;;) {
    if (const size_t end = pending_.find('\n'); end != std::string::npos) {
      std::string line = pending_.substr(0, end);
      pending_.erase(0, end + 1);
      return line;
    }
    char buffer[4096];
    const ssize_t got = ::read(STDIN_FILENO, buffer, sizeof(buffer));
    if (got > 0) {
      pending_.append(buffer, static_cast<size_t>(got));
      continue;
    }
    if (got < 0 && errno == EINTR) std::fputc('\n', screen_);
    if (got == 0 && !pending_.empty()) return std::exchange(pending_, {});  // a last line without its end
    return std::nullopt;
  }
}

}  // namespace estoc
