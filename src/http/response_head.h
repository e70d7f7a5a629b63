// Status line and headers of an answer as bytes. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "http/server.h"

namespace estoc::http {

struct HeadFraming {
  std::optional<size_t> content_bytes;  // states content-length
  bool is_chunked = false;              // states transfer-encoding
  bool keeps_alive = true;              // or states connection: close
  bool is_upgrade = false;              // states connection: upgrade
};

// Adds date, connection and the framing's header; leaves those out of `headers` when given there. Broken names are left
// out and line breaks in values become spaces, so that no value can forge another header.
std::string response_head(int status, const Headers& headers, const HeadFraming& framing);

// A whole answer, for when no exchange is under way. Answers without a body by definition (204, 304) get none.
std::string whole_response(const Response& response, bool is_head, bool keeps_alive);

bool is_bodiless(int status);

// "Not Found"; "Unknown" for a status without a name here.
const char* reason_phrase(int status);

}  // namespace estoc::http
