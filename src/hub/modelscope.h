// ModelScope: its protocol, and the cache that its Python tools and this program share.
//
//   $MODELSCOPE_CACHE/models/owner--name/snapshots/REVISION/PATH     the files themselves
//                     .lock/file_SHA256.lock                         held while one is fetched
//
// Older layouts of that cache are read where they lie. Threads: one. Errors: Error in one sentence.
#pragma once

#include <string>
#include <vector>

#include "hub/hub_settings.h"
#include "hub/repository.h"

namespace estoc {

std::string pull_modelscope(WebSession& session, const HubSettings& settings, const ModelRef& ref,
                            const PullListener& listener);

// The model in the cache; empty when it is not there, or not whole.
std::string find_modelscope(const HubSettings& settings, const ModelRef& ref);

// The folders in which the cache may have a revision of a repository, the one for new files first.
std::vector<std::string> modelscope_folders(const HubSettings& settings, const ModelRef& ref);

struct ModelscopeSnapshot {
  std::string repo, revision, folder;
};
std::vector<ModelscopeSnapshot> modelscope_snapshots(const HubSettings& settings);

// The reply of .../repo/files. Throws Error{corrupt_file, not_found}.
RepoListing read_modelscope_listing(std::string_view text, const std::string& where);

// The file that the client locks while it fetches one.
std::string modelscope_lock(const std::string& cache, const std::string& repo, const std::string& path);

}  // namespace estoc
