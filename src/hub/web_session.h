// Requests to the web, many at once on one thread: TLS with checked names, proxies, redirects, and secrets that stay
// where they belong.
//
// What: GET over libcurl (hub/curl_library.h), HTTP/1.1, because several connections are what makes a download fast. A
// credential is sent to its own origin only, never to where an answer redirects to; https never goes on as http.
// Proxies are those of HTTPS_PROXY, HTTP_PROXY and NO_PROXY, and none for this machine itself. Ownership: owns its
// connections; sinks are the caller's and live until their transfer has ended. Threads: one. Errors: what the network
// does is an outcome, in one sentence that holds no query of an address and no secret; setting up throws
// Error{unsupported, internal}.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hub/web_url.h"

namespace estoc {

struct WebSettings {
  std::string user_agent = "estoc";
  std::string ca_file, ca_folder;           // whom to trust instead of the system's list; empty: that
  std::chrono::milliseconds stall{10'000};  // without a byte
};

// Header lines for one origin.
struct WebCredential {
  std::string origin;
  std::vector<std::string> headers;
};

struct ByteRange {
  uint64_t first = 0, last = 0;  // both inclusive, as the header has them
};

struct WebRequest {
  WebUrl url;
  WebCredential credential = {};
  std::vector<std::string> headers = {};
  std::optional<ByteRange> range = {};
};

struct WebHead {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in small letters; of several the last
  WebUrl url;                                  // who answered, after redirects

  std::string_view header(const std::string& name) const;  // empty when absent
  // Of Retry-After, a number or a date; nothing where there is none.
  std::optional<double> retry_after_s() const;
  std::optional<uint64_t> content_length() const;
};

// Content-Range: "bytes 0-99/1234"; nothing for another form or an unknown total.
struct ContentRange {
  ByteRange range;
  uint64_t total = 0;
};
std::optional<ContentRange> parse_content_range(std::string_view text);

class WebSink {
 public:
  virtual ~WebSink() = default;
  // False ends the transfer.
  virtual bool on_head(const WebHead& head) = 0;
  virtual bool on_body(std::string_view bytes) = 0;
};

struct WebOutcome {
  enum class Kind {
    whole,      // all of the answer came, whatever its status
    ended,      // the sink wanted no more
    transient,  // may go well later: no connection, a stall, a body cut short
    refused,    // will not: TLS, a redirect that is not followed
  };
  Kind kind = Kind::whole;
  std::string error;
};

class WebSession {
 public:
  explicit WebSession(WebSettings settings);
  ~WebSession();

  using Id = uint64_t;
  Id start(const WebRequest& request, WebSink& sink);
  // Its sink is not called any more, and nothing is reported.
  void cancel(Id id);
  void cancel_all();
  // Works for up to that long, less when something ended: what did.
  std::vector<std::pair<Id, WebOutcome>> run(std::chrono::milliseconds time);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace estoc
