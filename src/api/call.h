// What an endpoint receives and what it gives back, free of sockets. Plain data.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace estoc::api {

struct Call {
  std::string_view body;     // as received; outlives the call
  std::string argument;      // what stands for "{id}" in the endpoint's path, percent-decoded
  std::string id;            // unique, hex: becomes "chatcmpl-<id>"
  int64_t now = 0;           // seconds since 1970, for `created`
  bool is_stopping = false;  // the server is going down
};

// A complete answer. The body is JSON.
struct Reply {
  int status = 200;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // besides the content type
};

}  // namespace estoc::api
