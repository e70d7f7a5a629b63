#include "hub/hf_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "hub/disk.h"
#include "hub/file_choice.h"
#include "hub/safe_names.h"

namespace estoc {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "models--";
constexpr std::string_view kUnfinished = ".incomplete";

std::string with_dashes(std::string_view repo) {
  std::string name(kPrefix);
  for (const char c : repo) name += c == '/' ? "--" : std::string(1, c);
  return name;
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// The blob that a file of a snapshot is, itself or by a link; its name only.
std::string blob_name(const std::string& path) {
  std::error_code error;
  const fs::path target = fs::read_symlink(path, error);
  return error ? std::string() : target.filename().string();
}

}  // namespace

std::string HfCache::repo_folder(const std::string& repo) const { return folder_ + "/" + with_dashes(repo); }

std::string HfCache::snapshot(const std::string& repo, const std::string& commit) const {
  return repo_folder(repo) + "/snapshots/" + commit;
}

std::string HfCache::blob(const std::string& repo, const std::string& etag) const {
  return repo_folder(repo) + "/blobs/" + etag;
}

std::string HfCache::lock(const std::string& repo, const std::string& etag) const {
  return folder_ + "/.locks/" + with_dashes(repo) + "/" + etag + ".lock";
}

std::vector<std::string> HfCache::repos() const {
  std::vector<std::string> repos;
  for (const std::string& name : names_in(folder_)) {
    if (!name.starts_with(kPrefix)) continue;
    std::string repo = name.substr(kPrefix.size());
    if (const size_t dashes = repo.find("--"); dashes != std::string::npos) repo.replace(dashes, 2, "/");
    if (is_repo_id(repo)) repos.push_back(std::move(repo));
  }
  return repos;
}

std::vector<std::string> HfCache::commits(const std::string& repo) const {
  std::vector<std::string> commits = names_in(repo_folder(repo) + "/snapshots");
  std::erase_if(commits, [](const std::string& name) { return !is_commit(name); });
  return commits;
}

std::optional<std::string> HfCache::commit_of(const std::string& repo, const std::string& revision) const {
  if (is_commit(revision)) return revision;
  const std::string path = repo_folder(repo) + "/refs/" + revision;
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return {};
  try {
    std::string commit = read_file(path, 64);
    while (commit.ends_with('\n')) commit.pop_back();
    if (is_commit(commit)) return commit;
  } catch (const Error&) {  // as good as none
  }
  return {};
}

std::vector<std::string> HfCache::refs_of(const std::string& repo, const std::string& commit) const {
  std::vector<std::string> refs = files_below(repo_folder(repo) + "/refs");
  std::erase_if(refs, [&](const std::string& ref) { return is_commit(ref) || commit_of(repo, ref) != commit; });
  return refs;
}

void HfCache::write_ref(const std::string& repo, const std::string& revision, const std::string& commit) const {
  if (revision == commit || commit_of(repo, revision) == commit) return;
  const std::string path = repo_folder(repo) + "/refs/" + revision;
  make_folders(folder_of(path));
  write_whole_file(path, commit);
}

std::string HfCache::place(const std::string& repo, const std::string& commit, const std::string& path,
                           const std::string& etag) const {
  const std::string pointer = snapshot(repo, commit) + "/" + path;
  std::error_code error;
  if (fs::exists(pointer, error)) return pointer;
  make_folders(folder_of(pointer));
  fs::remove(pointer, error);  // a link that leads nowhere
  if (has_links_) {
    std::string target = "../../blobs/" + etag;
    for (const char c : path) target.insert(0, c == '/' ? "../" : "");
    fs::create_symlink(target, pointer, error);
    if (!error || error == std::errc::file_exists) return pointer;
  }
  fs::rename(blob(repo, etag), pointer, error);  // a file system without links
  if (error) fail(ErrorCode::io, "{}: cannot be made: {}", pointer, error.message());
  return pointer;
}

void HfCache::write_tree(const std::string& repo, const RepoListing& listing) const {
  Json files{Json::Object{}};
  for (const auto& [path, file] : listing.files) {
    Json entry;
    entry.set("size", file.size);
    entry.set("blob_id", file.git_id);
    if (file.digest.kind == Digest::Kind::sha256) {
      entry.set("lfs_sha256", file.digest.hex);
      entry.set("lfs_size", file.size);
    }
    if (!file.xet_hash.empty()) entry.set("xet_hash", file.xet_hash);
    files.as_object().emplace_back(path, std::move(entry));
  }
  Json tree;
  tree.set("format_version", 1);
  tree.set("files", std::move(files));
  const std::string place = repo_folder(repo) + "/trees/" + listing.commit + ".json";
  make_folders(folder_of(place));
  write_whole_file(place, to_json(tree));
}

void HfCache::mark_absent(const std::string& repo, const RepoListing& listing) const {
  for (const std::string& name : names_beside_weights()) {
    if (listing.find(name) != nullptr) continue;
    const std::string path = repo_folder(repo) + "/.no_exist/" + listing.commit + "/" + name;
    std::error_code ignored;
    if (fs::exists(path, ignored)) continue;
    make_folders(folder_of(path));
    write_whole_file(path, {});
  }
}

uint64_t HfCache::bytes_of(const std::string& repo, const std::string& commit,
                           const std::vector<std::string>& paths) const {
  std::set<std::string> seen;
  uint64_t bytes = 0;
  for (const std::string& path : paths) {
    const std::string pointer = snapshot(repo, commit) + "/" + path;
    const std::string name = blob_name(pointer);
    if (!seen.insert(name.empty() ? pointer : name).second) continue;
    std::error_code error;
    const uint64_t size = fs::file_size(pointer, error);
    if (!error) bytes += size;
  }
  return bytes;
}

uint64_t HfCache::remove(const std::string& repo, const std::string& commit,
                         const std::vector<std::string>& paths) const {
  const std::string folder = snapshot(repo, commit);
  for (const std::string& path : paths) {
    const std::string etag = blob_name(folder + "/" + path);
    if (!etag.empty() && is_safe_part(etag) && FileLock::is_held(lock(repo, etag))) {
      fail(ErrorCode::io, "{}: {} is being fetched by another process", repo, path);
    }
  }
  uint64_t freed = 0;
  std::error_code error;
  for (const std::string& path : paths) {
    const fs::path pointer = folder + "/" + path;
    const bool is_blob = !fs::is_symlink(pointer, error);
    const uint64_t size = is_blob ? fs::file_size(pointer, error) : 0;
    if (!fs::remove(pointer, error) && error) fail(ErrorCode::io, "{}: {}", pointer.string(), error.message());
    freed += error ? 0 : size;
  }
  const std::vector<std::string> left = files_below(folder);
  const bool has_model = std::any_of(left.begin(), left.end(), [](const std::string& path) {
    return path.ends_with(".safetensors") || path.ends_with(".gguf") || path.ends_with(".bin");
  });
  if (!has_model) remove_commit(repo, commit);
  freed += remove_unused_blobs(repo);
  if (commits(repo).empty()) fs::remove_all(repo_folder(repo), error);
  return freed;
}

uint64_t HfCache::remove_unfinished(const std::string& repo) const {
  uint64_t freed = 0;
  for (const std::string& name : names_in(repo_folder(repo) + "/blobs")) {
    if (FileLock::is_held(lock(repo, name.substr(0, name.find('.'))))) {
      fail(ErrorCode::io, "{}: is being fetched by another process", repo);
    }
    std::error_code error;
    const uint64_t size = fs::file_size(blob(repo, name), error);
    freed += error ? 0 : size;
  }
  std::error_code error;
  fs::remove_all(repo_folder(repo), error);
  if (error) fail(ErrorCode::io, "{}: cannot be removed: {}", repo_folder(repo), error.message());
  return freed;
}

void HfCache::remove_commit(const std::string& repo, const std::string& commit) const {
  std::error_code error;
  for (const std::string& ref : refs_of(repo, commit)) fs::remove(repo_folder(repo) + "/refs/" + ref, error);
  fs::remove(repo_folder(repo) + "/trees/" + commit + ".json", error);
  fs::remove_all(repo_folder(repo) + "/.no_exist/" + commit, error);
  fs::remove_all(snapshot(repo, commit), error);
  if (error) fail(ErrorCode::io, "{}: cannot be removed: {}", snapshot(repo, commit), error.message());
}

uint64_t HfCache::remove_unused_blobs(const std::string& repo) const {
  std::set<std::string> used;
  for (const std::string& commit : commits(repo)) {
    const std::string folder = snapshot(repo, commit);
    for (const std::string& path : files_below(folder)) used.insert(blob_name(folder + "/" + path));
  }
  uint64_t freed = 0;
  for (const std::string& name : names_in(repo_folder(repo) + "/blobs")) {
    // What is being fetched is nobody's yet: the lock is by the blob's name, which an unfinished file begins with.
    const std::string etag = name.substr(0, name.find('.'));
    if (used.contains(name) || FileLock::is_held(lock(repo, etag))) continue;
    std::error_code error;
    const fs::path path = blob(repo, name);
    const uint64_t size = fs::is_symlink(path, error) ? 0 : fs::file_size(path, error);
    const bool is_gone = !error && fs::remove(path, error);
    if (is_gone && !name.ends_with(kUnfinished)) freed += size;
  }
  return freed;
}

}  // namespace estoc
