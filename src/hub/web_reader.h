// Small answers read whole, tried again while that may help.
//
// Ownership: borrows the session. Threads: the session's. Errors: Error{io} in one sentence when the last try failed
// too, Error{corrupt_file} for an answer that is too large; what a status means is the caller's.
#pragma once

#include <functional>
#include <string>

#include "hub/web_session.h"

namespace estoc {

// Counts failures in a row and says how long to wait: half a second, doubled each time, or what the server asks for.
class Patience {
 public:
  // Throws Error{io} with the reason when there were too many, or the server asks for too long a wait.
  std::chrono::milliseconds next_wait(const std::string& reason, std::optional<double> retry_after_s);
  void reset() { failures_ = 0; }

 private:
  int failures_ = 0;
};

// 408, 429 and 5xx: the same request may go well later.
bool is_worth_retrying(int status);

struct WebAnswer {
  WebHead head;
  std::string body;
};

using Note = std::function<void(const std::string&)>;

// `note` is told of each failure that is tried again; it may be empty.
WebAnswer read_web(WebSession& session, const WebRequest& request, size_t bytes_max, const Note& note);

}  // namespace estoc
