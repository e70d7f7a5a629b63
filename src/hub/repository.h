// A repository as a hub lists it, and what of it is a model: the same for every hub.
//
// Threads: one. Errors: Error in one sentence.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "hub/file_download.h"
#include "hub/model_ref.h"

namespace estoc {

struct HubFile {
  std::string path;
  uint64_t size = 0;
  Digest digest = {};    // what the content is checked by; Kind::none where the hub gives none
  std::string git_id;    // as the hub tells them, for the list that other programs read
  std::string xet_hash;  // likewise
};

struct RepoListing {
  std::string commit;                    // empty where the hub has none
  std::map<std::string, HubFile> files;  // by path

  // Adds a file, unless its name could not be one of ours: then it is as if it were not there.
  void add(HubFile file);
  const HubFile* find(const std::string& path) const;
  std::vector<std::string> paths() const;
};

// Where a repository's files are put.
class RepoStore {
 public:
  virtual ~RepoStore() = default;
  // How a file is fetched and where to; makes the folders.
  virtual FileDownload plan(const HubFile& file) = 0;
  // After that: gives it its place in the model's folder, and that path.
  virtual std::string place(const HubFile& file) = 0;
  // The folder that has them all.
  virtual std::string folder() const = 0;
};

// What a pull tells: sentences, and how many bytes it has of all that it fetches.
struct PullListener {
  Note note = {};
  std::function<void(uint64_t had, uint64_t total)> progress = {};
};

// Fetches what `ref` means of the repository, as far as it is not there, and returns the model's path: a folder, or the
// first GGUF file. Asks for room on the disk first.
std::string pull_repository(WebSession& session, const ModelRef& ref, const RepoListing& listing, RepoStore& store,
                            const PullListener& listener);

// Fetches some files after one another; `listener` hears of them as one.
void download_files(WebSession& session, const std::vector<FileDownload>& files, const PullListener& listener);

// The model that `ref` means in a folder that holds a repository's files; empty when some of it is missing.
// Throws Error{not_found, invalid_argument} where the folder has models, and none that `ref` means.
std::string find_in_folder(const std::string& folder, const ModelRef& ref);

// Paths below a folder, relative to it; links are followed to files, not to folders. Bounded.
std::vector<std::string> files_below(const std::string& folder);

}  // namespace estoc
