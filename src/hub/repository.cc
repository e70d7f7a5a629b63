#include "hub/repository.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/format_bytes.h"
#include "base/mapped_file.h"
#include "base/shown.h"
#include "hub/disk.h"
#include "hub/file_choice.h"
#include "hub/hub_limits.h"
#include "hub/part_file.h"
#include "hub/safe_names.h"

namespace estoc {
namespace {

namespace fs = std::filesystem;

bool is_file(const std::string& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

const HubFile& require(const RepoListing& listing, const std::string& path, const std::string& where) {
  const HubFile* file = listing.find(path);
  if (file == nullptr) fail(ErrorCode::not_found, "{}: its index names {}, which is not there", where, shown(path));
  return *file;
}

std::string fetch_one(WebSession& session, const HubFile& file, RepoStore& store, const PullListener& listener) {
  download_files(session, {store.plan(file)}, {listener.note, {}});
  return store.place(file);
}

// What the model consists of, the file that opens it first.
struct Chosen {
  std::vector<std::string> paths;
  bool is_gguf = false;
};

Chosen choose(WebSession& session, const ModelRef& ref, const RepoListing& listing, RepoStore& store,
              const PullListener& listener) {
  const std::vector<std::string> paths = listing.paths();
  if (!ref.file.empty()) return {choose_gguf_file(gguf_sets(paths), ref.file, ref.text).files, true};
  if (!ref.quant.empty() || !has_safetensors(paths)) {
    const std::vector<GgufSet> sets = gguf_sets(paths);
    if (sets.empty() && ref.quant.empty()) {
      fail(ErrorCode::not_found, "{}: has neither safetensors with a config.json nor GGUF files", ref.text);
    }
    return {choose_gguf(sets, ref.quant, ref.text).files, true};
  }
  Chosen chosen{files_beside_weights(paths)};
  if (listing.find(kSingleWeights) != nullptr) {
    chosen.paths.emplace_back(kSingleWeights);
    return chosen;
  }
  const std::string index = fetch_one(session, *listing.find(kWeightsIndex), store, listener);
  chosen.paths.emplace_back(kWeightsIndex);
  for (const std::string& shard : shards_of_index(read_file(index, limits::kListingBytesMax), ref.text)) {
    chosen.paths.push_back(require(listing, shard, ref.text).path);
  }
  return chosen;
}

}  // namespace

void RepoListing::add(HubFile file) {
  if (!is_safe_path(file.path) || file.size > limits::kFileBytesMax) return;
  if (files.size() >= limits::kRepoFilesMax) {
    fail(ErrorCode::corrupt_file, "the hub lists more than {} files", limits::kRepoFilesMax);
  }
  std::string path = file.path;
  files.emplace(std::move(path), std::move(file));
}

const HubFile* RepoListing::find(const std::string& path) const {
  const auto found = files.find(path);
  return found == files.end() ? nullptr : &found->second;
}

std::vector<std::string> RepoListing::paths() const {
  std::vector<std::string> paths;
  for (const auto& [path, file] : files) paths.push_back(path);
  return paths;
}

void download_files(WebSession& session, const std::vector<FileDownload>& files, const PullListener& listener) {
  uint64_t total = 0, needed = 0;
  std::string folder;
  for (const FileDownload& file : files) {
    total += file.size;
    if (is_file(file.target)) continue;
    folder = folder_of(file.target);
    needed += file.size - std::min(file.size, PartFile::bytes_left_at(file.part));
  }
  if (needed > 0) require_room(folder, needed);
  uint64_t before = 0;
  for (const FileDownload& file : files) {
    DownloadListener one{listener.note, {}};
    if (listener.progress) one.progress = [&](uint64_t had) { listener.progress(before + had, total); };
    download_file(session, file, one);
    before += file.size;
    if (listener.progress) listener.progress(before, total);
  }
}

std::string pull_repository(WebSession& session, const ModelRef& ref, const RepoListing& listing, RepoStore& store,
                            const PullListener& listener) {
  const Chosen chosen = choose(session, ref, listing, store, listener);
  std::vector<FileDownload> downloads;
  for (const std::string& path : chosen.paths) downloads.push_back(store.plan(*listing.find(path)));
  download_files(session, downloads, listener);
  std::string first;
  for (const std::string& path : chosen.paths) {
    const std::string placed = store.place(*listing.find(path));
    if (first.empty()) first = placed;
  }
  return chosen.is_gguf ? first : store.folder();
}

std::vector<std::string> files_below(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code error;
  fs::recursive_directory_iterator it(folder, fs::directory_options::skip_permission_denied, error), end;
  for (size_t entries = 0; !error && it != end && entries < limits::kScanEntriesMax; it.increment(error), ++entries) {
    std::error_code ignored;
    if (it.depth() >= static_cast<int>(limits::kPathPartsMax)) it.disable_recursion_pending();
    if (it->is_regular_file(ignored)) paths.push_back(it->path().lexically_relative(folder).string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::string find_in_folder(const std::string& folder, const ModelRef& ref) {
  const std::vector<std::string> paths = files_below(folder);
  const auto at = [&](const std::string& path) { return folder + "/" + path; };
  const std::vector<GgufSet> sets = gguf_sets(paths);
  try {
    if (!ref.file.empty()) return at(choose_gguf_file(sets, ref.file, ref.text).files.front());
    if (!ref.quant.empty()) return at(choose_gguf(sets, ref.quant, ref.text).files.front());
  } catch (const Error& error) {
    if (error.code() == ErrorCode::not_found) return {};  // the hub may have it
    throw;
  }
  if (has_safetensors(paths) && has_tokenizer(paths)) {
    if (std::find(paths.begin(), paths.end(), kSingleWeights) != paths.end()) return folder;
    const std::string index = at(kWeightsIndex);
    for (const std::string& shard : shards_of_index(read_file(index, limits::kListingBytesMax), index)) {
      if (!is_file(at(shard))) return {};
    }
    return folder;
  }
  // Without a word on which, only what would be chosen of the whole repository, which this folder may not have.
  for (const GgufSet& set : sets) {
    if (set.is_whole && (set.label == kDefaultQuant || sets.size() == 1)) return at(set.files.front());
  }
  return {};
}

}  // namespace estoc
