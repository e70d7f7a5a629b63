#include "hub/file_download.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/shown.h"
#include "hub/disk.h"
#include "hub/part_file.h"

namespace estoc {
namespace {

constexpr size_t kConnections = 4;

class Fetch;

// The receiving end of one connection: a piece, or all of the file.
class Stream final : public WebSink {
 public:
  Stream(Fetch& fetch, size_t piece, uint64_t begin, uint64_t end, bool is_ranged)
      : fetch(fetch), piece(piece), is_ranged(is_ranged), at(begin), end(end) {}

  bool on_head(const WebHead& answer) override;
  bool on_body(std::string_view bytes) override;

  Fetch& fetch;
  size_t piece;
  const bool is_ranged;
  uint64_t at, end;  // the next byte, and the one after the last
  WebHead head;
  std::string problem;      // of an answer that cannot be right
  bool is_content = false;  // 200 or 206, as was asked for
};

class Fetch {
 public:
  Fetch(WebSession& session, const FileDownload& file, const DownloadListener& listener)
      : session_(session),
        file_(file),
        listener_(listener),
        part_(file.part, file.identity, file.size),
        was_begun_(part_.bytes_had() > 0),
        url_(file.url),
        hasher_(file.digest.kind, file.size) {}
  ~Fetch() { session_.cancel_all(); }
  Fetch(const Fetch&) = delete;
  Fetch& operator=(const Fetch&) = delete;

  void run() {
    if (file_.size == 0) part_.record(0);
    while (true) {
      while (!part_.is_complete()) {
        fill();
        for (const auto& [id, outcome] : session_.run(std::chrono::milliseconds(100))) finish(id, outcome);
        hash_some();
        tell();
      }
      session_.cancel_all();
      streams_.clear();
      if (is_right()) break;
    }
    part_.become(file_.target);
  }

  PartFile& part() { return part_; }
  const FileDownload& file() const { return file_; }
  void on_content(const Stream& stream) {
    url_ = stream.head.url;
    is_known_ = true;
  }

 private:
  bool is_claimed(size_t piece) const {
    return std::any_of(streams_.begin(), streams_.end(), [&](const auto& item) { return item.second->piece == piece; });
  }

  void fill() {
    const size_t connections = is_known_ && has_ranges_ ? kConnections : 1;
    for (size_t piece = 0; piece < part_.piece_count() && streams_.size() < connections; ++piece) {
      if (!part_.has_piece(piece) && !is_claimed(piece)) start(piece);
    }
  }

  void start(size_t piece) {
    const bool is_ranged = has_ranges_ && part_.piece_count() > 1;
    const uint64_t begin = part_.piece_begin(piece), end = is_ranged ? begin + part_.piece_bytes(piece) : part_.size();
    if (!is_ranged && piece != 0) start_over();
    uint64_t at = is_ranged ? begin : 0;
    if (const auto found = partial_.find(piece); is_ranged && found != partial_.end()) at = found->second;
    auto stream = std::make_unique<Stream>(*this, is_ranged ? piece : 0, at, end, is_ranged);
    WebRequest request{url_, file_.credential};
    if (is_ranged) request.range = ByteRange{at, end - 1};
    const WebSession::Id id = session_.start(request, *stream);
    streams_.emplace(id, std::move(stream));
  }

  // All of the file has to come again.
  void start_over() {
    session_.cancel_all();
    streams_.clear();
    partial_.clear();
    part_.start_over();
    hasher_ = Digester(file_.digest.kind, file_.size);
    hashed_ = 0;
  }

  void finish(WebSession::Id id, const WebOutcome& outcome) {
    const auto found = streams_.find(id);
    if (found == streams_.end()) return;
    const std::unique_ptr<Stream> stream = std::move(found->second);
    streams_.erase(found);
    received_ += stream->is_ranged ? stream->at - begin_of(*stream) : stream->at;
    if (!stream->problem.empty()) fail(ErrorCode::io, "{}: {}", file_.name, stream->problem);
    if (outcome.kind == WebOutcome::Kind::refused) fail(ErrorCode::io, "{}: {}", file_.name, outcome.error);
    if (stream->head.status != 0 && !stream->is_content) return refuse(*stream);
    if (stream->at == stream->end && stream->is_content) {
      patience_.reset();
      partial_.erase(stream->piece);
      return;
    }
    if (stream->is_ranged) partial_[stream->piece] = stream->at;
    wait(outcome.kind == WebOutcome::Kind::whole
             ? fmt::format("{}: the connection ended {} bytes early", url_.origin(), stream->end - stream->at)
             : outcome.error,
         std::nullopt);
  }

  uint64_t begin_of(const Stream& stream) const {
    const auto found = partial_.find(stream.piece);
    return found == partial_.end() ? part_.piece_begin(stream.piece) : found->second;
  }

  // An answer without content.
  void refuse(const Stream& stream) {
    const WebHead& head = stream.head;
    const std::string reason = fmt::format("{}: {} answers with status {}", file_.name, head.url.origin(), head.status);
    const bool was_redirected = head.url.text() != file_.url.text();
    if ((head.status == 401 || head.status == 403 || head.status == 404) && was_redirected) {
      url_ = file_.url;  // a signed address that is out of date: ask for a new one
      return wait(reason, std::nullopt);
    }
    if (stream.is_ranged && (head.status == 200 || head.status == 416) && has_ranges_) {
      has_ranges_ = false;
      start_over();
      return;
    }
    if (is_worth_retrying(head.status)) {
      url_ = file_.url;
      return wait(reason, head.retry_after_s());
    }
    if (file_.refuse) file_.refuse(head);
    fail(ErrorCode::io, "{}", reason);
  }

  void wait(const std::string& reason, std::optional<double> retry_after_s) {
    constexpr uint64_t kProgress = uint64_t{1} << 20;
    if (received_ >= kProgress) patience_.reset();
    received_ = 0;
    const auto time = patience_.next_wait(reason, retry_after_s);
    if (listener_.note) {
      listener_.note(fmt::format("{}; trying again in {:.1f} s", reason, static_cast<double>(time.count()) / 1e3));
    }
    // The other connections go on meanwhile.
    const auto end = std::chrono::steady_clock::now() + time;
    for (auto now = std::chrono::steady_clock::now(); now < end; now = std::chrono::steady_clock::now()) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - now);
      if (streams_.empty()) {
        std::this_thread::sleep_for(left);
      } else {
        const auto ended = session_.run(std::max(left, std::chrono::milliseconds(1)));
        for (const auto& [id, outcome] : ended) later_.emplace_back(id, outcome);
      }
    }
    for (const auto& [id, outcome] : std::exchange(later_, {})) finish(id, outcome);
  }

  void tell() const {
    if (!listener_.progress) return;
    uint64_t had = part_.bytes_had();
    for (const auto& [id, stream] : streams_) {
      if (!part_.has_piece(stream->piece)) had += stream->at - part_.piece_begin(stream->piece);
    }
    listener_.progress(std::min(had, file_.size));
  }

  // One piece at a time: connections must not wait for long.
  void hash_some() {
    if (hashed_ == part_.piece_count() || !part_.has_piece(hashed_)) return;
    buffer_.resize(static_cast<size_t>(part_.piece_bytes(hashed_)));
    if (file_.digest.kind != Digest::Kind::none) {
      part_.read(part_.piece_begin(hashed_), buffer_);
      hasher_.add(buffer_);
    }
    ++hashed_;
  }

  // False: all of it comes once more.
  bool is_right() {
    while (hashed_ < part_.piece_count()) hash_some();
    tell();
    if (file_.digest.kind == Digest::Kind::none || hasher_.hex() == file_.digest.hex) return true;
    if (was_begun_) {
      if (listener_.note) listener_.note(file_.name + ": what an earlier try left is damaged; fetching it anew");
      was_begun_ = false;
      start_over();
      return false;
    }
    part_.remove();
    fail(ErrorCode::corrupt_file, "{}: what {} sent is not what its digest says; nothing of it is kept", file_.name,
         url_.origin());
  }

  WebSession& session_;
  const FileDownload& file_;
  const DownloadListener& listener_;
  PartFile part_;
  bool was_begun_;  // some of it is of an earlier run
  WebUrl url_;      // where the content was last
  bool is_known_ = false, has_ranges_ = true;
  std::map<WebSession::Id, std::unique_ptr<Stream>> streams_;
  std::map<size_t, uint64_t> partial_;  // piece to its next byte
  std::vector<std::pair<WebSession::Id, WebOutcome>> later_;
  Patience patience_;
  uint64_t received_ = 0;  // since the last failure
  Digester hasher_;
  size_t hashed_ = 0;  // pieces
  std::vector<std::byte> buffer_;
};

bool Stream::on_head(const WebHead& answer) {
  head = answer;
  const uint64_t size = fetch.part().size();
  if (answer.status == 206 && is_ranged) {
    const auto range = parse_content_range(answer.header("content-range"));
    if (!range || range->range.first != at) {
      problem = fmt::format("{} answered another range than was asked for", answer.url.origin());
    } else if (range->total != size) {
      problem = fmt::format("{} has {} bytes of it, expected {}", answer.url.origin(), range->total, size);
    }
    is_content = problem.empty();
  } else if (answer.status == 200 && !is_ranged) {
    const auto length = answer.content_length();
    if (length && *length != size) {
      problem = fmt::format("{} has {} bytes of it, expected {}", answer.url.origin(), *length, size);
    }
    is_content = problem.empty();
  }
  if (is_content) fetch.on_content(*this);
  return is_content;
}

bool Stream::on_body(std::string_view bytes) {
  if (bytes.size() > end - at) {
    problem = fmt::format("{} sends more than was asked for", head.url.origin());
    return false;
  }
  PartFile& part = fetch.part();
  while (!bytes.empty()) {
    const uint64_t piece_end = part.piece_begin(piece) + part.piece_bytes(piece);
    const size_t count = static_cast<size_t>(std::min<uint64_t>(bytes.size(), piece_end - at));
    part.write(at, bytes.substr(0, count));
    at += count;
    bytes.remove_prefix(count);
    if (at == piece_end) {
      part.record(piece);
      if (at < end) ++piece;
    }
  }
  return true;
}

bool is_as_expected(const FileDownload& file) {
  const MappedFile there(file.target);
  if (there.bytes().size() != file.size) return false;
  Digester hasher(file.digest.kind, file.size);
  hasher.add(there.bytes());
  return hasher.hex() == file.digest.hex;
}

}  // namespace

void download_file(WebSession& session, const FileDownload& file, const DownloadListener& listener) {
  const FileLock lock(file.lock, [&] {
    if (listener.note) listener.note(file.name + ": another process is fetching it; waiting for it");
  });
  std::error_code ignored;
  if (std::filesystem::exists(file.target, ignored) && (!file.checks_target || is_as_expected(file))) return;
  Fetch(session, file, listener).run();
}

}  // namespace estoc
