// The cache that Hugging Face's Python tools and this program share.
//
//   models--org--name/refs/main                 the commit that a branch was at
//                     blobs/ETAG                contents, named by SHA-256 or Git's SHA-1
//                     snapshots/COMMIT/PATH     links to them
//                     trees/COMMIT.json         what the repository has
//                     .no_exist/COMMIT/PATH     what it has not, though somebody asked
//   .locks/models--org--name/ETAG.lock          held while a blob is fetched
//
// Ownership: holds paths only. Threads and processes: any; files appear whole, and a blob is fetched under its lock.
// Errors: Error{io} with path and reason; what is odd in the cache is as if it were not there.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hub/repository.h"

namespace estoc {

class HfCache {
 public:
  HfCache(std::string folder, bool has_links) : folder_(std::move(folder)), has_links_(has_links) {}

  const std::string& folder() const { return folder_; }
  std::string repo_folder(const std::string& repo) const;
  std::string snapshot(const std::string& repo, const std::string& commit) const;
  std::string blob(const std::string& repo, const std::string& etag) const;
  std::string lock(const std::string& repo, const std::string& etag) const;

  // Repositories there, as "org/name".
  std::vector<std::string> repos() const;
  std::vector<std::string> commits(const std::string& repo) const;  // that have a snapshot
  // What a branch or tag was at; a commit is itself. Nothing when the cache does not know.
  std::optional<std::string> commit_of(const std::string& repo, const std::string& revision) const;
  // The branches and tags that are at a commit.
  std::vector<std::string> refs_of(const std::string& repo, const std::string& commit) const;

  void write_ref(const std::string& repo, const std::string& revision, const std::string& commit) const;
  // Puts a blob into a snapshot: returns its path there.
  std::string place(const std::string& repo, const std::string& commit, const std::string& path,
                    const std::string& etag) const;
  void write_tree(const std::string& repo, const RepoListing& listing) const;
  // Says of the files that every client asks for which are not in the repository.
  void mark_absent(const std::string& repo, const RepoListing& listing) const;

  // Bytes of the blobs that the named files of a snapshot lead to, each once.
  uint64_t bytes_of(const std::string& repo, const std::string& commit, const std::vector<std::string>& paths) const;

  // Removes files from a snapshot; all of it, with the refs to it, when nothing of a model is left. Blobs go that no
  // snapshot of the repository leads to any more. Returns the bytes that became free. Throws Error{io} while one of the
  // blobs is being fetched.
  uint64_t remove(const std::string& repo, const std::string& commit, const std::vector<std::string>& paths) const;
  // Removes what is left of a repository without snapshots.
  uint64_t remove_unfinished(const std::string& repo) const;

 private:
  uint64_t remove_unused_blobs(const std::string& repo) const;
  void remove_commit(const std::string& repo, const std::string& commit) const;

  const std::string folder_;
  const bool has_links_;
};

}  // namespace estoc
