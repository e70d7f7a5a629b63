#include "base/last_words.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace estoc {

void write_last_words(std::string_view text) noexcept {
  const int error = errno;
  pollfd target = {.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  if (::poll(&target, 1, 0) == 1 && (target.revents & POLLOUT) != 0) {
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
  }
  errno = error;
}

}  // namespace estoc
