// A server under load: its name in reports, and where it is.
// Ownership: a value. Threads: any. Errors: Error{invalid_argument} for what is no address, Error{io} for no server.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace estoc {

struct Target {
  std::string name;  // "vllm"; host and port when none was given
  std::string host;  // a name or an address, without brackets
  uint16_t port = 80;
  std::string prefix;          // of all paths: "" or "/proxy"
  sockaddr_storage address{};  // of connect_target
  socklen_t address_bytes = 0;

  // host:port as the Host header has it.
  std::string authority() const;
};

// "http://127.0.0.1:8000" or "vllm=http://127.0.0.1:8000/v1"; the path's end `/v1` is implied. Throws
// Error{invalid_argument}.
Target parse_target(std::string_view text);

// Looks the host up and finds the address that answers, so that no request has to. Throws Error{io}.
void find_address(Target& target);

// A non-blocking socket that is connecting to the target's address, without Nagle's delay; -1 with errno set when the
// system refuses. The caller owns it.
int start_connection(const Target& target);

}  // namespace estoc
