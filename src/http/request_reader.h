// Bytes of a connection to whole requests. No sockets: feed it any pieces, the same requests come out.
//
// Owned by one connection, used by one thread. Anything may be fed: broken input becomes State::error with the status
// to answer, after which the reader yields nothing more. Throws only std::bad_alloc.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "http/server.h"

namespace estoc::http {

struct ReadLimits {
  size_t header_bytes_max;                       // request line and headers together
  size_t body_bytes_max;                         // after chunks are joined
  std::shared_ptr<BodyBudget> budget = nullptr;  // of the bodies of all connections; null for none
};

// A request with what its answer depends on. `request.remote` is left empty.
struct ReadRequest {
  Request request;   // HEAD is turned into GET
  bool is_head;      // the answer has no body
  bool is_http_1_0;  // the answer may not be chunked
  bool keeps_alive;  // another request may follow (never after HTTP/1.0)
  bool may_upgrade;  // it asks for another protocol, in a way that 101 may answer
};

class RequestReader {
 public:
  enum class State { need_more, request, error };

  explicit RequestReader(ReadLimits limits);
  ~RequestReader();

  void feed(std::string_view bytes);
  // Reads on through what was fed. State::request repeats until take_request().
  State parse();
  // The request parse() found; the bytes behind it stay for the next.
  ReadRequest take_request();

  // True once for a request whose sender waits for "100 Continue" before the body; after parse() said need_more.
  bool take_expects_continue();
  // True when some of a request has come, but not all of it.
  bool has_partial_request() const;
  // True in the middle of a request whose body takes from the budget.
  bool is_in_long_body() const;
  // Bytes fed but not yet part of a request.
  size_t unread_bytes() const { return buffer_.size() - position_; }
  // Takes those away: they are of another protocol.
  std::string take_unread();

  // After State::error: 400, 413, 431, 501 or 503, and one sentence.
  int error_status() const { return error_status_; }
  const std::string& error_message() const { return error_message_; }

 private:
  class MessageParser;

  State parse_message();
  State set_error(int status, std::string message);
  void drop_read_bytes();

  const ReadLimits limits_;
  std::string buffer_;
  size_t position_ = 0;  // bytes of buffer_ that are read already
  std::unique_ptr<MessageParser> message_;
  size_t header_bytes_ = 0;  // of the current message, read so far
  int error_status_ = 0;
  std::string error_message_;
};

}  // namespace estoc::http
