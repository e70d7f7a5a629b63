#include "hub/web_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/shown.h"
#include "hub/curl_library.h"
#include "hub/hub_limits.h"

namespace estoc {
namespace {

using Clock = std::chrono::steady_clock;

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<uint64_t> parse_number(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  return number;
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// What is wrong with a certificate, by OpenSSL's numbers (X509_V_ERR_...).
std::string certificate_problem(long reason) {
  switch (reason) {
    case 9:
      return "is not valid yet";
    case 10:
      return "has expired";
    case 2:
    case 18:
    case 19:
    case 20:
    case 21:
      return "comes from an issuer that this machine does not trust (SSL_CERT_FILE names others)";
    case 0:  // names are compared by libcurl itself, which leaves OpenSSL's reason as it was
    case 1:
    case 62:
      return "is for another name";
    default:
      return fmt::format("cannot be verified (OpenSSL's reason {})", reason);
  }
}

}  // namespace

std::string_view WebHead::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string_view() : found->second;
}

std::optional<double> WebHead::retry_after_s() const {
  const std::string text(header("retry-after"));
  if (text.empty()) return {};
  if (const auto seconds = parse_number(text)) return static_cast<double>(std::min<uint64_t>(*seconds, 1 << 30));
  std::tm date{};
  if (::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date) == nullptr) return {};
  return std::max(0.0, std::difftime(::timegm(&date), std::time(nullptr)));
}

std::optional<uint64_t> WebHead::content_length() const { return parse_number(header("content-length")); }

std::optional<ContentRange> parse_content_range(std::string_view text) {
  if (!text.starts_with("bytes ")) return {};
  text.remove_prefix(6);
  const size_t dash = text.find('-'), slash = text.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos || dash > slash) return {};
  const auto first = parse_number(text.substr(0, dash)), last = parse_number(text.substr(dash + 1, slash - dash - 1));
  const auto total = parse_number(text.substr(slash + 1));
  if (!first || !last || !total || *first > *last || *last >= *total) return {};
  return ContentRange{{*first, *last}, *total};
}

namespace {

// One transfer: a request, and the requests that redirects make of it.
class Transfer {
 public:
  Transfer(const WebSettings& settings, WebRequest request, WebSink& sink)
      : curl_(curl_library()),
        settings_(settings),
        request_(std::move(request)),
        sink_(sink),
        handle_(curl_.easy_init()) {
    if (handle_ == nullptr) fail(ErrorCode::internal, "libcurl has no handle left");
    prepare();
  }
  ~Transfer() {
    curl_.easy_cleanup(handle_);
    curl_.slist_free_all(headers_);
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* handle() const { return handle_; }
  bool is_stalled() const { return Clock::now() - last_byte_ > settings_.stall; }
  WebOutcome stalled() const {
    return {WebOutcome::Kind::transient, fmt::format("{}: nothing has come for {:.0f} s", request_.url.origin(),
                                                     std::chrono::duration<double>(settings_.stall).count())};
  }

  // The outcome; nothing when the next request is prepared, which a redirect asks for.
  std::optional<WebOutcome> finish(CURLcode code) {
    if (!refusal_.empty()) return WebOutcome{WebOutcome::Kind::refused, refusal_};
    if (has_head_ && is_redirect(head_.status) && !head_.header("location").empty()) return follow();
    if (is_ended_by_sink_) return WebOutcome{WebOutcome::Kind::ended, {}};
    if (code == CURLE_OK) return WebOutcome{};
    return failure(code);
  }

 private:
  template <typename Value>
  void set(CURLoption option, Value value) {
    const CURLcode code = curl_.easy_setopt(handle_, option, value);
    if (code != CURLE_OK)
      fail(ErrorCode::internal, "libcurl: option {}: {}", static_cast<int>(option), curl_.easy_strerror(code));
  }

  void add_header(const std::string& line) {
    curl_slist* longer = curl_.slist_append(headers_, line.c_str());
    if (longer == nullptr) fail(ErrorCode::resource_exhausted, "no memory for a request");
    headers_ = longer;
  }

  void prepare() {
    curl_.easy_reset(handle_);
    curl_.slist_free_all(std::exchange(headers_, nullptr));
    head_ = {};
    head_.url = request_.url;
    head_bytes_ = ignored_bytes_ = 0;
    has_head_ = false;
    last_byte_ = Clock::now();
    set(CURLOPT_URL, request_.url.text().c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings_.stall.count()));
    set(CURLOPT_BUFFERSIZE, 256L << 10);
    set(CURLOPT_USERAGENT, settings_.user_agent.c_str());
    set(CURLOPT_ERRORBUFFER, error_.data());
    error_[0] = '\0';
    if (!settings_.ca_file.empty()) set(CURLOPT_CAINFO, settings_.ca_file.c_str());
    if (!settings_.ca_folder.empty()) set(CURLOPT_CAPATH, settings_.ca_folder.c_str());
    if (request_.url.is_loopback()) set(CURLOPT_NOPROXY, "*");
    set(CURLOPT_HEADERFUNCTION, &Transfer::on_header_line);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    set(CURLOPT_WRITEDATA, this);
    add_header("Accept-Encoding: identity");
    for (const std::string& line : request_.headers) add_header(line);
    if (request_.credential.origin == request_.url.origin()) {
      for (const std::string& line : request_.credential.headers) add_header(line);
    }
    if (request_.range) {
      add_header(fmt::format("Range: bytes={}-{}", request_.range->first, request_.range->last));
    }
    set(CURLOPT_HTTPHEADER, headers_);
  }

  std::optional<WebOutcome> follow() {
    const char* text = nullptr;
    curl_.easy_getinfo(handle_, CURLINFO_REDIRECT_URL, &text);
    const std::string from = request_.url.origin();
    const auto next = parse_web_url(text == nullptr ? "" : text);
    const auto refused = [&](std::string_view why) {
      return WebOutcome{WebOutcome::Kind::refused, fmt::format("{}: {}", from, why)};
    };
    if (!next) return refused("redirects to what is no web address");
    if (request_.url.is_https && !next->is_https) return refused("redirects from https to http, which is not followed");
    if (++redirects_ > limits::kRedirectsMax) return refused("redirects more often than is followed");
    request_.url = *next;
    prepare();
    return {};
  }

  WebOutcome failure(CURLcode code) {
    const std::string who = request_.url.origin();
    if (code == CURLE_PEER_FAILED_VERIFICATION) {
      long reason = 0;
      curl_.easy_getinfo(handle_, CURLINFO_SSL_VERIFYRESULT, &reason);
      return {WebOutcome::Kind::refused, fmt::format("{}: its certificate {}", who, certificate_problem(reason))};
    }
    const std::string what = error_[0] != '\0' ? error_.data() : curl_.easy_strerror(code);
    const bool is_setting = code == CURLE_SSL_CACERT_BADFILE || code == CURLE_UNSUPPORTED_PROTOCOL ||
                            code == CURLE_SSL_CERTPROBLEM || code == CURLE_COULDNT_RESOLVE_PROXY;
    return {is_setting ? WebOutcome::Kind::refused : WebOutcome::Kind::transient,
            fmt::format("{}: {}", who, shown(what))};
  }

  static size_t on_header_line(char* data, size_t size, size_t count, void* self) {
    return static_cast<Transfer*>(self)->take_header_line({data, size * count}) ? size * count : 0;
  }
  static size_t on_body(char* data, size_t size, size_t count, void* self) {
    return static_cast<Transfer*>(self)->take_body({data, size * count}) ? size * count : 0;
  }

  bool take_header_line(std::string_view line) {
    last_byte_ = Clock::now();
    head_bytes_ += line.size();
    if (head_bytes_ > limits::kReplyHeadBytesMax) {
      refusal_ = fmt::format("{}: its answer has more headers than are read", request_.url.origin());
      return false;
    }
    if (line.starts_with("HTTP/")) {
      const std::string_view rest = trimmed(line.substr(std::min(line.find(' '), line.size())));
      head_.status = static_cast<int>(parse_number(rest.substr(0, 3)).value_or(0));
      head_.headers.clear();
      return true;
    }
    if (!trimmed(line).empty()) {
      const size_t colon = line.find(':');
      std::string name(line.substr(0, colon));
      for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      if (colon != std::string_view::npos) head_.headers[name] = std::string(trimmed(line.substr(colon + 1)));
      return true;
    }
    if (head_.status < 200 || has_head_) return true;  // 100 Continue; what follows a body
    has_head_ = true;
    if (is_redirect(head_.status) && !head_.header("location").empty()) return true;
    is_ended_by_sink_ = !sink_.on_head(head_);
    return !is_ended_by_sink_;
  }

  bool take_body(std::string_view bytes) {
    last_byte_ = Clock::now();
    if (is_redirect(head_.status) && !head_.header("location").empty()) {  // nobody reads those
      ignored_bytes_ += bytes.size();
      return ignored_bytes_ <= limits::kReplyHeadBytesMax;
    }
    is_ended_by_sink_ = !sink_.on_body(bytes);
    return !is_ended_by_sink_;
  }

  const CurlLibrary& curl_;
  const WebSettings& settings_;
  WebRequest request_;
  WebSink& sink_;
  CURL* handle_;
  curl_slist* headers_ = nullptr;
  WebHead head_;
  size_t head_bytes_ = 0, ignored_bytes_ = 0;
  bool has_head_ = false, is_ended_by_sink_ = false;
  int redirects_ = 0;
  std::string refusal_;
  Clock::time_point last_byte_;
  std::array<char, CURL_ERROR_SIZE> error_{};
};

}  // namespace

struct WebSession::State {
  explicit State(WebSettings what) : settings(std::move(what)), curl(curl_library()), multi(curl.multi_init()) {
    if (multi == nullptr) fail(ErrorCode::internal, "libcurl cannot be started");
  }
  ~State() {
    for (auto& [id, transfer] : transfers) curl.multi_remove_handle(multi, transfer->handle());
    transfers.clear();
    curl.multi_cleanup(multi);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void end(Id id) {
    curl.multi_remove_handle(multi, transfers.at(id)->handle());
    transfers.erase(id);
  }

  Id id_of(CURL* handle) const {
    const auto found = std::find_if(transfers.begin(), transfers.end(),
                                    [&](const auto& item) { return item.second->handle() == handle; });
    ESTOC_CHECK(found != transfers.end());
    return found->first;
  }

  void collect_finished(std::vector<std::pair<Id, WebOutcome>>& ended) {
    int left = 0;
    while (const CURLMsg* message = curl.multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const Id id = id_of(message->easy_handle);
      const CURLcode code = message->data.result;
      Transfer& transfer = *transfers.at(id);
      curl.multi_remove_handle(multi, transfer.handle());
      if (auto outcome = transfer.finish(code)) {
        transfers.erase(id);
        ended.emplace_back(id, std::move(*outcome));
      } else {
        curl.multi_add_handle(multi, transfer.handle());
      }
    }
  }

  void collect_stalled(std::vector<std::pair<Id, WebOutcome>>& ended) {
    for (auto it = transfers.begin(); it != transfers.end();) {
      const Id id = it->first;
      Transfer& transfer = *(it++)->second;
      if (!transfer.is_stalled()) continue;
      ended.emplace_back(id, transfer.stalled());
      end(id);
    }
  }

  const WebSettings settings;
  const CurlLibrary& curl;
  CURLM* multi;
  Id last_id = 0;
  std::map<Id, std::unique_ptr<Transfer>> transfers;
};

WebSession::WebSession(WebSettings settings) : state_(std::make_unique<State>(std::move(settings))) {}
WebSession::~WebSession() = default;

WebSession::Id WebSession::start(const WebRequest& request, WebSink& sink) {
  auto transfer = std::make_unique<Transfer>(state_->settings, request, sink);
  if (state_->curl.multi_add_handle(state_->multi, transfer->handle()) != CURLM_OK) {
    fail(ErrorCode::internal, "libcurl takes no further request");
  }
  const Id id = ++state_->last_id;
  state_->transfers.emplace(id, std::move(transfer));
  return id;
}

void WebSession::cancel(Id id) {
  if (state_->transfers.contains(id)) state_->end(id);
}

void WebSession::cancel_all() {
  while (!state_->transfers.empty()) state_->end(state_->transfers.begin()->first);
}

std::vector<std::pair<WebSession::Id, WebOutcome>> WebSession::run(std::chrono::milliseconds time) {
  const auto end = Clock::now() + time;
  std::vector<std::pair<Id, WebOutcome>> ended;
  while (true) {
    int running = 0;
    if (state_->curl.multi_perform(state_->multi, &running) != CURLM_OK) {
      fail(ErrorCode::internal, "libcurl cannot go on");
    }
    state_->collect_finished(ended);
    state_->collect_stalled(ended);
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
    if (!ended.empty() || left.count() <= 0) return ended;
    constexpr std::chrono::milliseconds kSliceMax{100};
    state_->curl.multi_poll(state_->multi, nullptr, 0, static_cast<int>(std::min(left, kSliceMax).count()), nullptr);
  }
}

}  // namespace estoc
