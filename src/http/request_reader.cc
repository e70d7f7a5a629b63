#include "http/request_reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <limits>
#include <utility>

#include "http/field_text.h"

namespace estoc::http {
namespace {

namespace beast = boost::beast;

// A chunk's size line with extensions, or all trailers, must fit this; bodies are not bound by it.
constexpr size_t kChunkLineMax = 16 << 10;
std::string_view to_std(beast::string_view text) { return {text.data(), text.size()}; }

// Path and query out of a request target (RFC 9112 section 3.2: origin, absolute and asterisk form). False when it is
// none of them.
bool split_target(std::string_view target, Request& request) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equals_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(scheme.size());
    target.remove_prefix(std::min(target.size(), target.find_first_of("/?#")));
    if (target.empty() || target[0] != '/') {
      request.path.assign(1, '/');
      if (target.empty()) return true;
    }
    break;
  }
  target = target.substr(0, target.find('#'));
  const size_t question = target.find('?');
  if (question != std::string_view::npos) request.query = target.substr(question + 1);
  if (request.path.empty()) request.path = target.substr(0, question);
  return request.path == "*" || (!request.path.empty() && request.path[0] == '/');
}

}  // namespace

// Beast's parser, writing straight into a Request. It checks the grammar and the framing (lengths, chunks, conflicting
// headers); what it lets pass and HTTP/1.1 does not is refused here.
class RequestReader::MessageParser final : public beast::http::basic_parser<true> {
 public:
  explicit MessageParser(const ReadLimits& limits) {
    // The reader bounds the header itself, over all its pieces; Beast's limit is per piece.
    header_limit(std::numeric_limits<uint32_t>::max());
    body_limit(limits.body_bytes_max);
    result.request.body_lease = BodyLease(limits.budget);
  }

  ReadRequest result{{}, false, false, false, false};
  bool expects_continue = false;
  // Set when a callback refused the request.
  int error_status = 0;
  std::string error_message;

 private:
  using Failure = beast::error_code;

  void refuse(int status, std::string message, Failure& error) {
    error_status = status;
    error_message = std::move(message);
    error = beast::http::error::bad_value;
  }

  void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target, int version,
                       Failure& error) override {
    result.is_http_1_0 = version == 10;
    result.is_head = method == "HEAD";
    result.request.method = result.is_head ? "GET" : std::string(to_std(method));
    if (!split_target(to_std(target), result.request)) {
      refuse(400, "the request target is not a path", error);
    }
  }

  void on_response_impl(int, beast::string_view, int, Failure&) override {}

  void on_field_impl(beast::http::field field, beast::string_view name, beast::string_view value,
                     Failure& error) override {
    if (is_header_whole_) return;  // a trailer: nothing here needs them, and they must not pass for headers
    result.request.headers.emplace_back(to_std(name), to_std(value));
    switch (field) {
      case beast::http::field::host:
        ++host_count_;
        break;
      case beast::http::field::expect:
        expects_continue = equals_ignoring_case(to_std(value), "100-continue") && !result.is_http_1_0;
        break;
      case beast::http::field::transfer_encoding:
        // Beast ignores codings it does not know, which would leave the end of the body to guesswork.
        if (result.is_http_1_0) {
          refuse(400, "HTTP/1.0 has no transfer-encoding", error);
        } else if (!equals_ignoring_case(to_std(value), "chunked")) {
          refuse(501, "transfer-encoding other than chunked is not supported", error);
        }
        break;
      case beast::http::field::upgrade:
        names_protocol_ = true;
        break;
      default:
        break;
    }
  }

  void on_header_impl(Failure& error) override {
    is_header_whole_ = true;
    result.keeps_alive = keep_alive() && !result.is_http_1_0;
    result.may_upgrade = upgrade() && names_protocol_ && !result.is_http_1_0 && !result.is_head;
    if (host_count_ > 1 || (host_count_ == 0 && !result.is_http_1_0)) {
      return refuse(400, "a request needs exactly one host header", error);
    }
    // Before any of it is read: whoever is refused now has not sent it yet.
    if (const auto length = content_length()) take_room(*length, error);
  }

  // Room for a body of so many bytes in all, or the end of the request.
  bool take_room(uint64_t bytes, Failure& error) {
    if (result.request.body_lease.grow_to(bytes)) return true;
    refuse(503, "the server holds as many long requests as it can, try again later", error);
    return false;
  }

  void on_body_init_impl(const boost::optional<uint64_t>& length, Failure&) override {
    if (length) result.request.body.reserve(*length);  // the budget bounds it, and growing would take twice as much
  }

  size_t on_body_impl(beast::string_view bytes, Failure&) override {
    result.request.body.append(bytes.data(), bytes.size());
    return bytes.size();
  }

  void on_chunk_header_impl(uint64_t, beast::string_view, Failure&) override {}

  size_t on_chunk_body_impl(uint64_t, beast::string_view bytes, Failure& error) override {
    if (!take_room(result.request.body.size() + bytes.size(), error)) return 0;
    result.request.body.append(bytes.data(), bytes.size());
    return bytes.size();
  }

  void on_finish_impl(Failure&) override {}

  bool is_header_whole_ = false;
  bool names_protocol_ = false;  // has an Upgrade header
  int host_count_ = 0;
};

RequestReader::RequestReader(ReadLimits limits) : limits_(limits) {}
RequestReader::~RequestReader() = default;

void RequestReader::feed(std::string_view bytes) {
  if (error_status_ == 0) buffer_.append(bytes);
}

RequestReader::State RequestReader::parse() {
  if (error_status_ != 0) return State::error;
  if (!message_) {
    // RFC 9112 section 2.2: empty lines before a request line are to be ignored.
    while (std::string_view(buffer_).substr(position_, 2) == "\r\n") position_ += 2;
    const bool may_be_empty_line = std::string_view(buffer_).substr(position_) == "\r";
    if (unread_bytes() == 0 || may_be_empty_line) {
      drop_read_bytes();
      return State::need_more;
    }
    message_ = std::make_unique<MessageParser>(limits_);
    header_bytes_ = 0;
  }
  const State state = message_->is_done() ? State::request : parse_message();
  drop_read_bytes();
  return state;
}

RequestReader::State RequestReader::parse_message() {
  // Beast wants each unit (line, chunk header) whole in one piece and consumes none of it before. The window bounds how
  // much may gather for one, so that the outcome does not depend on how the bytes were cut.
  for (;;) {
    const bool is_in_header = !message_->is_header_done();
    const size_t window = is_in_header ? limits_.header_bytes_max - header_bytes_ : kChunkLineMax;
    const std::string_view piece = std::string_view(buffer_).substr(position_, window);
    beast::error_code error = beast::http::error::need_more;
    size_t read = 0;
    if (!piece.empty()) read = message_->put(boost::asio::const_buffer(piece.data(), piece.size()), error);
    position_ += read;
    if (is_in_header) header_bytes_ += read;
    if (error && error != beast::http::error::need_more) {
      if (message_->error_status != 0) return set_error(message_->error_status, message_->error_message);
      if (error == beast::http::error::body_limit) {
        return set_error(413, fmt::format("the request body is larger than {} bytes", limits_.body_bytes_max));
      }
      return set_error(400, fmt::format("malformed request: {}", error.message()));
    }
    if (message_->is_done()) return State::request;
    if (read > 0) continue;
    if (piece.size() < window) return State::need_more;
    return is_in_header
               ? set_error(431, fmt::format("the request header is larger than {} bytes", limits_.header_bytes_max))
               : set_error(431, fmt::format("a chunk header is larger than {} bytes", kChunkLineMax));
  }
}

ReadRequest RequestReader::take_request() {
  ReadRequest result = std::move(message_->result);
  message_.reset();
  return result;
}

std::string RequestReader::take_unread() {
  std::string bytes = buffer_.substr(position_);
  buffer_ = {};
  position_ = 0;
  return bytes;
}

bool RequestReader::take_expects_continue() {
  if (!message_ || !message_->is_header_done()) return false;
  const bool expects = std::exchange(message_->expects_continue, false);
  // A sender whose body is under way already does not wait.
  return expects && message_->result.request.body.empty() && unread_bytes() == 0;
}

bool RequestReader::has_partial_request() const { return message_ && !message_->is_done(); }

bool RequestReader::is_in_long_body() const {
  return has_partial_request() && message_->result.request.body_lease.holds_any();
}

RequestReader::State RequestReader::set_error(int status, std::string message) {
  error_status_ = status;
  error_message_ = std::move(message);
  message_.reset();
  buffer_ = {};
  position_ = 0;
  return State::error;
}

void RequestReader::drop_read_bytes() {
  if (position_ == buffer_.size()) {
    buffer_ = {};  // an idle connection keeps no memory
    position_ = 0;
  } else if (position_ > buffer_.size() / 2) {
    buffer_.erase(0, position_);
    position_ = 0;
  }
}

}  // namespace estoc::http
