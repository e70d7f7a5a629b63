#include "apps/standard_streams.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "apps/exit_codes.h"

namespace estoc {
namespace {

// As if SIGPIPE had not been ignored: shells and scripts know that end of a pipeline's left side.
[[noreturn]] void end_by_broken_pipe() {
  ::signal(SIGPIPE, SIG_DFL);
  sigset_t pipe_signal;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  pthread_sigmask(SIG_UNBLOCK, &pipe_signal, nullptr);
  ::raise(SIGPIPE);
  ::_exit(kExitBySignal + SIGPIPE);
}

// Some writes were not ours to see fail; the pipe itself tells as well.
bool is_reader_gone(int error) {
  pollfd output = {.fd = STDOUT_FILENO, .events = 0, .revents = 0};
  return error == EPIPE || (::poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0);
}

}  // namespace

void prepare_standard_streams() {
  // Reading from the stand-in ends at once; results cannot be written to it, as if it were still closed; notes vanish.
  constexpr int kModes[] = {O_RDONLY, O_RDONLY, O_WRONLY};
  for (int fd = 0; fd < 3; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF) {
      [[maybe_unused]] const int opened = ::open("/dev/null", kModes[fd]);  // the lowest free number: fd
    }
  }
  ::signal(SIGPIPE, SIG_IGN);
}

void write_output(std::string_view text) {
  const bool is_written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (std::fflush(stdout) == 0 && is_written && std::ferror(stdout) == 0) return;
  const int error = errno;
  if (is_reader_gone(error)) end_by_broken_pipe();
  write_note(fmt::format("estoc: standard output cannot be written: {}\n", std::strerror(error)));
  ::_exit(kExitRefused);
}

void write_note(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

}  // namespace estoc
