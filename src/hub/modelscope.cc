#include "hub/modelscope.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/shown.h"
#include "hub/disk.h"
#include "hub/hub_limits.h"
#include "hub/json_reply.h"
#include "hub/safe_names.h"

namespace estoc {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMain = "master";

std::string revision_of(const ModelRef& ref) { return ref.revision.empty() ? kMain : ref.revision; }

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

// The older interface takes a cookie, the newer one a bearer: both, as the client does.
WebCredential credential_of(const HubSettings& settings, const Note& note) {
  WebCredential credential = bearer_of(settings.modelscope, settings.modelscope_token, note);
  if (!credential.headers.empty()) credential.headers.push_back("Cookie: m_session_id=" + settings.modelscope_token);
  return credential;
}

[[noreturn]] void refuse(const HubSettings& settings, const ModelRef& ref, int status) {
  const std::string hub = settings.modelscope.origin();
  if (status == 401 || status == 403) {
    fail(ErrorCode::io, "{}: {} does not open it to {} (MODELSCOPE_API_TOKEN)", ref.text, hub,
         settings.modelscope_token.empty() ? "those without a token" : "the token's account");
  }
  if (status == 404) fail(ErrorCode::not_found, "{}: {} has no such repository or revision", ref.text, hub);
  fail(ErrorCode::io, "{}: {} answers with status {}", ref.text, hub, status);
}

class ModelscopeStore final : public RepoStore {
 public:
  ModelscopeStore(const HubSettings& settings, const ModelRef& ref, WebCredential credential)
      : settings_(settings),
        ref_(ref),
        credential_(std::move(credential)),
        folder_(modelscope_folders(settings, ref).front()) {}

  FileDownload plan(const HubFile& file) override {
    FileDownload download;
    download.name = file.path;
    download.url =
        settings_.modelscope.below(fmt::format("/api/v1/models/{}/repo?Revision={}&FilePath={}", ref_.repo,
                                               percent_encoded(revision_of(ref_)), percent_encoded(file.path)));
    download.credential = credential_;
    download.size = file.size;
    download.digest = file.digest;
    download.identity = file.digest.hex.empty() ? "unknown" : file.digest.hex;
    download.target = folder_ + "/" + file.path;
    download.checks_target = true;  // a branch moves on, and the files have their names only
    download.part = download.target + ".estoc.incomplete";
    download.lock = modelscope_lock(settings_.modelscope_cache, ref_.repo, file.path);
    download.refuse = [this](const WebHead& head) { refuse(settings_, ref_, head.status); };
    make_folders(folder_of(download.target));
    make_folders(folder_of(download.lock));
    return download;
  }
  std::string place(const HubFile& file) override { return folder_ + "/" + file.path; }
  std::string folder() const override { return folder_; }

 private:
  const HubSettings& settings_;
  const ModelRef& ref_;
  const WebCredential credential_;
  const std::string folder_;
};

std::vector<std::string> folders_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (it->is_directory(ignored)) names.push_back(it->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::string modelscope_lock(const std::string& cache, const std::string& repo, const std::string& path) {
  std::string key = "modelscope-hub-download-lock-v2";
  for (const std::string& part : {std::string("file"), std::string("model"), repo, path}) {
    key += '\0';
    key += part;
  }
  return fmt::format("{}/.lock/file_{}.lock", cache, sha256_hex(key));
}

std::vector<std::string> modelscope_folders(const HubSettings& settings, const ModelRef& ref) {
  const std::string& cache = settings.modelscope_cache;
  std::vector<std::string> folders = {
      fmt::format("{}/models/{}/snapshots/{}", cache, replaced(ref.repo, "/", "--"), revision_of(ref))};
  if (!ref.revision.empty() && ref.revision != kMain) return folders;
  const size_t slash = ref.repo.find('/');
  const std::string older = ref.repo.substr(0, slash + 1) + replaced(ref.repo.substr(slash + 1), ".", "___");
  for (const std::string& repo : {older, ref.repo}) {
    for (const char* place : {"models", "hub/models", "hub", "."}) {
      folders.push_back(fmt::format("{}/{}/{}", cache, place, repo));
    }
  }
  return folders;
}

std::string find_modelscope(const HubSettings& settings, const ModelRef& ref) {
  for (const std::string& folder : modelscope_folders(settings, ref)) {
    std::error_code ignored;
    if (!fs::is_directory(folder, ignored)) continue;
    if (std::string path = find_in_folder(folder, ref); !path.empty()) return path;
  }
  return {};
}

std::vector<ModelscopeSnapshot> modelscope_snapshots(const HubSettings& settings) {
  std::vector<ModelscopeSnapshot> snapshots;
  const std::string models = settings.modelscope_cache + "/models";
  for (const std::string& name : folders_in(models)) {
    if (const size_t dashes = name.find("--"); dashes != std::string::npos) {
      const std::string repo = name.substr(0, dashes) + "/" + name.substr(dashes + 2);
      const std::string folder = models + "/" + name + "/snapshots";
      for (const std::string& revision : folders_in(folder)) {
        if (is_repo_id(repo)) snapshots.push_back({repo, revision, folder + "/" + revision});
      }
    }
  }
  for (const char* place : {"models", "hub/models"}) {
    const std::string older = settings.modelscope_cache + "/" + place;
    for (const std::string& owner : folders_in(older)) {
      if (owner.find("--") != std::string::npos) continue;
      for (const std::string& name : folders_in(older + "/" + owner)) {
        const std::string repo = owner + "/" + replaced(name, "___", ".");
        if (is_repo_id(repo)) snapshots.push_back({repo, kMain, older + "/" + owner + "/" + name});
      }
    }
  }
  return snapshots;
}

RepoListing read_modelscope_listing(std::string_view text, const std::string& where) {
  const Json reply = parse_reply(text, where);
  const Json* data = reply.find("Data");
  const Json* files = data != nullptr ? data->find("Files") : nullptr;
  if (files == nullptr || !files->is_array()) fail(ErrorCode::corrupt_file, "{}: the hub's list has no 'Files'", where);
  RepoListing listing;
  for (const Json& entry : files->as_array()) {
    const std::string* type = text_field_or_null(entry, "Type");
    if (type != nullptr && *type == "tree") continue;
    HubFile file;
    file.path = text_field(entry, "Path", where);
    file.size = size_field(entry, "Size", where);
    const std::string* sha256 = text_field_or_null(entry, "Sha256");
    if (sha256 != nullptr && !sha256->empty()) {
      const auto digest = Digest::sha256(*sha256);
      if (!digest) fail(ErrorCode::corrupt_file, "{}: the hub's digest of {} is none", where, shown(file.path));
      file.digest = *digest;
    }
    listing.add(std::move(file));
  }
  return listing;
}

std::string pull_modelscope(WebSession& session, const HubSettings& settings, const ModelRef& ref,
                            const PullListener& listener) {
  const WebCredential credential = credential_of(settings, listener.note);
  const WebUrl url = settings.modelscope.below(fmt::format("/api/v1/models/{}/repo/files?Revision={}&Recursive=True",
                                                           ref.repo, percent_encoded(revision_of(ref))));
  const WebAnswer answer = read_web(session, {url, credential}, limits::kListingBytesMax, listener.note);
  if (answer.head.status != 200) refuse(settings, ref, answer.head.status);
  const RepoListing listing = read_modelscope_listing(answer.body, ref.text);
  ModelscopeStore store(settings, ref, credential);
  return pull_repository(session, ref, listing, store, listener);
}

}  // namespace estoc
