// A server under load: its name in reports, and where its API is.
// Ownership: a value. Threads: any. Errors: Error{invalid_argument} for what is no address, Error{io} for no server.
#pragma once

#include <string>
#include <string_view>

#include "http/server_address.h"

namespace estoc {

struct Target {
  std::string name;    // "vllm"; host and port when none was given
  std::string prefix;  // of all paths: "" or "/proxy"
  http::ServerAddress server;
};

// "http://127.0.0.1:8000" or "vllm=http://127.0.0.1:8000/v1"; the path's end `/v1` is implied. Throws
// Error{invalid_argument}.
Target parse_target(std::string_view text);

// Looks the host up and finds the address that answers, so that no request has to. Throws Error{io}.
void find_address(Target& target);

}  // namespace estoc
