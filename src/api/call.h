// What an endpoint receives and what it gives back, free of sockets. Plain data.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/server_stats.h"
#include "base/limits.h"

namespace estoc::api {

struct Call {
  std::string_view body;                     // as received; outlives the call
  std::string argument;                      // what stands for "{id}" in the endpoint's path, percent-decoded
  std::string id;                            // unique, hex: becomes "chatcmpl-<id>"
  int64_t now = 0;                           // seconds since 1970, for `created`
  bool may_compile = true;                   // a constraint that is not there yet, which may take seconds
  bool is_stopping = false;                  // the server is going down
  int priority_min = -limits::kPriorityMax;  // the most urgent class that callers get, whatever they ask for
  std::string_view authorization;            // the header's value; outlives the call
  std::function<ServerStats()> stats = [] { return ServerStats(); };  // any thread
};

// A complete answer.
struct Reply {
  int status = 200;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // besides the content type
  std::string content_type = "application/json";
};

}  // namespace estoc::api
