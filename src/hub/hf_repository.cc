#include "hub/hf_repository.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/error.h"
#include "base/shown.h"
#include "hub/disk.h"
#include "hub/hub_limits.h"
#include "hub/json_reply.h"
#include "hub/safe_names.h"

namespace estoc {
namespace {

constexpr const char* kMain = "main";

// What a status means, said to who typed the name.
[[noreturn]] void refuse(const HubSettings& settings, const ModelRef& ref, const WebHead& head) {
  const std::string hub = settings.hugging_face.origin();
  const std::string_view code = head.header("x-error-code");
  const bool has_token = !settings.hugging_face_token.empty();
  if (code == "GatedRepo" || (head.status == 403 && code.empty())) {
    fail(ErrorCode::io, "{}: is open only to those who accepted its conditions at {}{}/{}{}", ref.text, hub,
         settings.hugging_face.target, ref.repo,
         has_token ? ", with the account that the token belongs to" : "; then a token is needed too (HF_TOKEN)");
  }
  if (code == "RevisionNotFound") {
    fail(ErrorCode::not_found, "{}: the repository has no revision '{}'", ref.text,
         ref.revision.empty() ? kMain : ref.revision);
  }
  if (code == "EntryNotFound") fail(ErrorCode::not_found, "{}: the repository has no such file", ref.text);
  if (head.status == 401 && head.header("x-error-message").starts_with("Invalid")) {
    fail(ErrorCode::io, "{}: {} does not know the token (HF_TOKEN, or what `hf auth login` stored)", ref.text, hub);
  }
  if (head.status == 401 || head.status == 404 || code == "RepoNotFound") {
    fail(ErrorCode::not_found, "{}: {} has no such repository, or it is private{}", ref.text, hub,
         has_token ? " and not open to the token's account" : " and needs a token (HF_TOKEN)");
  }
  fail(ErrorCode::io, "{}: {} answers with status {}", ref.text, hub, head.status);
}

class HfStore final : public RepoStore {
 public:
  HfStore(const HubSettings& settings, const HfCache& cache, const ModelRef& ref, std::string commit,
          WebCredential credential)
      : settings_(settings), cache_(cache), ref_(ref), commit_(std::move(commit)), credential_(std::move(credential)) {}

  FileDownload plan(const HubFile& file) override {
    FileDownload download;
    download.name = file.path;
    download.url = settings_.hugging_face.below(
        fmt::format("/{}/resolve/{}/{}", ref_.repo, commit_, percent_encoded(file.path, true)));
    download.credential = credential_;
    download.size = file.size;
    download.digest = file.digest;
    download.identity = file.digest.hex;
    download.target = target_of(file);
    download.part = cache_.blob(ref_.repo, file.digest.hex) + ".estoc.incomplete";
    download.lock = cache_.lock(ref_.repo, file.digest.hex);
    download.refuse = [this](const WebHead& head) { refuse(settings_, ref_, head); };
    make_folders(folder_of(download.target));
    make_folders(folder_of(download.part));
    make_folders(folder_of(download.lock));
    return download;
  }
  std::string place(const HubFile& file) override {
    return cache_.place(ref_.repo, commit_, file.path, file.digest.hex);
  }
  std::string folder() const override { return cache_.snapshot(ref_.repo, commit_); }

 private:
  // Where links are not to be had the file itself is in the snapshot.
  std::string target_of(const HubFile& file) const {
    std::string pointer = folder() + "/" + file.path;
    std::error_code ignored;
    return std::filesystem::exists(pointer, ignored) ? pointer : cache_.blob(ref_.repo, file.digest.hex);
  }

  const HubSettings& settings_;
  const HfCache& cache_;
  const ModelRef& ref_;
  const std::string commit_;
  const WebCredential credential_;
};

class HfHub {
 public:
  HfHub(WebSession& session, const HubSettings& settings, const ModelRef& ref, const PullListener& listener)
      : session_(session),
        settings_(settings),
        ref_(ref),
        listener_(listener),
        credential_(bearer_of(settings.hugging_face, settings.hugging_face_token, listener.note)) {}

  const WebCredential& credential() const { return credential_; }

  std::string commit() const {
    if (is_commit(ref_.revision)) return ref_.revision;
    const std::string revision = ref_.revision.empty() ? kMain : ref_.revision;
    const WebAnswer answer = ask(
        settings_.hugging_face.below(fmt::format("/api/models/{}/revision/{}", ref_.repo, percent_encoded(revision))));
    const std::string commit = text_field(parse_reply(answer.body, ref_.text), "sha", ref_.text);
    if (!is_commit(commit)) fail(ErrorCode::corrupt_file, "{}: the hub names no commit", ref_.text);
    return commit;
  }

  RepoListing listing(const std::string& commit) const {
    RepoListing listing;
    listing.commit = commit;
    WebUrl url = settings_.hugging_face.below(
        fmt::format("/api/models/{}/tree/{}?recursive=true&expand=false", ref_.repo, commit));
    for (int page = 0; page < limits::kListingPagesMax; ++page) {
      const WebAnswer answer = ask(url);
      read_tree_page(answer.body, ref_.text, listing);
      const std::string next = next_page(answer.head.header("link"));
      if (next.empty()) return listing;
      const auto parsed = parse_web_url(next);
      if (!parsed || parsed->origin() != url.origin()) {
        fail(ErrorCode::corrupt_file, "{}: the hub's list goes on at another place", ref_.text);
      }
      url = *parsed;
    }
    fail(ErrorCode::corrupt_file, "{}: the hub's list does not end", ref_.text);
  }

 private:
  WebAnswer ask(const WebUrl& url) const {
    WebAnswer answer = read_web(session_, {url, credential_}, limits::kListingBytesMax, listener_.note);
    if (answer.head.status != 200) refuse(settings_, ref_, answer.head);
    return answer;
  }

  WebSession& session_;
  const HubSettings& settings_;
  const ModelRef& ref_;
  const PullListener& listener_;
  const WebCredential credential_;
};

}  // namespace

void read_tree_page(std::string_view text, const std::string& where, RepoListing& listing) {
  const Json page = parse_reply(text, where);
  if (!page.is_array()) fail(ErrorCode::corrupt_file, "{}: the hub's list is no list", where);
  for (const Json& entry : page.as_array()) {
    const std::string* type = text_field_or_null(entry, "type");
    if (type == nullptr || *type != "file") continue;
    HubFile file;
    file.path = text_field(entry, "path", where);
    file.git_id = text_field(entry, "oid", where);
    const Json* large = entry.find("lfs");
    const bool is_large = large != nullptr && large->is_object();
    file.size = size_field(is_large ? *large : entry, "size", where);
    const auto digest = is_large ? Digest::sha256(text_field(*large, "oid", where)) : Digest::git_blob(file.git_id);
    if (!digest) fail(ErrorCode::corrupt_file, "{}: the hub gives no digest for {}", where, shown(file.path));
    file.digest = *digest;
    const std::string* xet = text_field_or_null(entry, "xetHash");
    if (xet != nullptr && is_hex(*xet, 64)) file.xet_hash = *xet;
    listing.add(std::move(file));
  }
}

std::string next_page(std::string_view link) {
  while (!link.empty()) {
    const size_t begin = link.find('<'), end = link.find('>');
    if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return {};
    const std::string_view rest = link.substr(end + 1);
    const size_t next = rest.find(",");
    if (rest.substr(0, next).find("rel=\"next\"") != std::string_view::npos) {
      return std::string(link.substr(begin + 1, end - begin - 1));
    }
    if (next == std::string_view::npos) return {};
    link = rest.substr(next + 1);
  }
  return {};
}

std::string pull_hugging_face(WebSession& session, const HubSettings& settings, const ModelRef& ref,
                              const PullListener& listener) {
  const HfHub hub(session, settings, ref, listener);
  const HfCache cache(settings.hugging_face_cache, settings.has_links);
  const std::string commit = hub.commit();
  const RepoListing listing = hub.listing(commit);
  HfStore store(settings, cache, ref, commit, hub.credential());
  std::string path = pull_repository(session, ref, listing, store, listener);
  cache.write_tree(ref.repo, listing);
  cache.mark_absent(ref.repo, listing);
  cache.write_ref(ref.repo, ref.revision.empty() ? kMain : ref.revision, commit);
  return path;
}

}  // namespace estoc
