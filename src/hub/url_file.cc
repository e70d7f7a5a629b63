#include "hub/url_file.h"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>

#include "base/error.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "base/shown.h"
#include "hub/disk.h"
#include "hub/hub_limits.h"
#include "hub/json_reply.h"

namespace estoc {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSource = "source.json";

std::string file_name(const std::string& url) {
  const auto parsed = parse_web_url(url);
  const std::string path = percent_decoded(parsed ? parsed->path() : "").value_or("");
  return path.substr(path.rfind('/') + 1);  // checked when the reference was read
}

// An answer's head, and none of its body.
class HeadSink final : public WebSink {
 public:
  bool on_head(const WebHead& answer) override {
    head = answer;
    return false;
  }
  bool on_body(std::string_view) override { return false; }

  WebHead head;
};

WebHead probe(WebSession& session, const WebUrl& url, const Note& note) {
  Patience patience;
  while (true) {
    HeadSink sink;
    session.start({url, {}, {}, ByteRange{0, 0}}, sink);
    WebOutcome outcome;
    for (std::vector<std::pair<WebSession::Id, WebOutcome>> ended; ended.empty();) {
      ended = session.run(std::chrono::milliseconds(100));
      if (!ended.empty()) outcome = ended.front().second;
    }
    if (outcome.kind == WebOutcome::Kind::refused) fail(ErrorCode::io, "{}", outcome.error);
    if (outcome.kind == WebOutcome::Kind::ended && !is_worth_retrying(sink.head.status)) return sink.head;
    const std::string reason = outcome.kind == WebOutcome::Kind::ended
                                   ? fmt::format("{}: answers with status {}", url.origin(), sink.head.status)
                                   : outcome.error;
    const auto wait = patience.next_wait(reason, sink.head.retry_after_s());
    if (note) note(fmt::format("{}; trying again in {:.1f} s", reason, static_cast<double>(wait.count()) / 1e3));
    session.run(wait);
  }
}

[[noreturn]] void refuse(const std::string& name, const WebHead& head) {
  if (head.status == 404) fail(ErrorCode::not_found, "{}: {} has no such file", name, head.url.origin());
  fail(ErrorCode::io, "{}: {} answers with status {}", name, head.url.origin(), head.status);
}

FileDownload plan(WebSession& session, const std::string& url, const std::string& folder, const Note& note) {
  FileDownload download;
  download.name = shown(file_name(url));
  download.url = *parse_web_url(url);
  download.target = folder + "/" + file_name(url);
  download.part = download.target + ".estoc.incomplete";
  download.lock = download.target + ".lock";
  std::error_code ignored;
  if (fs::is_regular_file(download.target, ignored)) {
    download.size = fs::file_size(download.target, ignored);
    return download;
  }
  const WebHead head = probe(session, download.url, note);
  if (head.status != 200 && head.status != 206) refuse(download.name, head);
  const auto range = parse_content_range(head.header("content-range"));
  const auto size = head.status == 206 ? (range ? std::optional(range->total) : std::nullopt) : head.content_length();
  if (!size || *size > limits::kFileBytesMax) {
    fail(ErrorCode::io, "{}: {} does not say how long it is", download.name, head.url.origin());
  }
  download.size = *size;
  const std::string_view linked = head.header("x-linked-etag");
  const std::string_view etag = linked.empty() ? head.header("etag") : linked;
  if (const auto digest = Digest::of_etag(etag); digest && digest->kind == Digest::Kind::sha256) {
    download.digest = *digest;
  }
  download.identity = sha256_hex(fmt::format("{} {}", url, etag));
  download.refuse = [name = download.name](const WebHead& answer) { refuse(name, answer); };
  return download;
}

}  // namespace

std::vector<std::string> urls_of_parts(const std::string& url) {
  constexpr size_t kNumbers = 15, kPartsMax = 1000;  // "-00001-of-00005"
  const size_t end = url.rfind(".gguf");
  if (end == std::string::npos || end < kNumbers || url.compare(end - kNumbers + 6, 4, "-of-") != 0) return {url};
  const auto number = [&](size_t begin) {
    size_t value = 0;
    const char* first = url.data() + begin;
    const auto [last, error] = std::from_chars(first, first + 5, value);
    return error == std::errc() && last == first + 5 ? value : 0;
  };
  const size_t part = number(end - kNumbers + 1), count = number(end - 5);
  if (part == 0 || count == 0 || url[end - kNumbers] != '-') return {url};
  if (part != 1 || count > kPartsMax) {
    fail(ErrorCode::invalid_argument, "{}: is part {} of {}; name the first of at most {}", shown(file_name(url)), part,
         count, kPartsMax);
  }
  std::vector<std::string> urls;
  for (size_t i = 1; i <= count; ++i) {
    urls.push_back(fmt::format("{}-{:05}-of-{:05}{}", url.substr(0, end - kNumbers), i, count, url.substr(end)));
  }
  return urls;
}

std::string url_folder(const HubSettings& settings, const std::string& url) {
  return settings.own_folder + "/urls/" + sha256_hex(url).substr(0, 16);
}

std::string find_url(const HubSettings& settings, const std::string& url) {
  const std::string folder = url_folder(settings, url);
  for (const std::string& part : urls_of_parts(url)) {
    std::error_code ignored;
    if (!fs::is_regular_file(folder + "/" + file_name(part), ignored)) return {};
  }
  return folder + "/" + file_name(url);
}

std::string pull_url(WebSession& session, const HubSettings& settings, const ModelRef& ref,
                     const PullListener& listener) {
  const std::string folder = url_folder(settings, ref.url);
  make_folders(folder);
  Json source;
  source.set("url", ref.url);
  write_whole_file(folder + "/" + kSource, to_json(source));
  std::vector<FileDownload> downloads;
  for (const std::string& url : urls_of_parts(ref.url)) {
    downloads.push_back(plan(session, url, folder, listener.note));
  }
  download_files(session, downloads, listener);
  return downloads.front().target;
}

std::vector<UrlModel> url_models(const HubSettings& settings) {
  std::vector<UrlModel> models;
  std::error_code error;
  for (fs::directory_iterator it(settings.own_folder + "/urls", error), end; !error && it != end; it.increment(error)) {
    const std::string folder = it->path().string();
    std::error_code ignored;
    if (!fs::is_regular_file(folder + "/" + kSource, ignored)) continue;
    try {
      const Json source = parse_reply(read_file(folder + "/" + kSource, limits::kManifestBytesMax), folder);
      const std::string& url = text_field(source, "url", folder);
      if (parse_web_url(url) && url_folder(settings, url) == folder) models.push_back({url, folder});
    } catch (const Error&) {  // not ours
    }
  }
  return models;
}

}  // namespace estoc
