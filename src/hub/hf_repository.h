// Hugging Face's protocol: what a repository has at a revision, and its files into the cache.
// Threads: one. Errors: Error{io, not_found, corrupt_file} in one sentence.
#pragma once

#include <string>

#include "hub/hf_cache.h"
#include "hub/hub_settings.h"
#include "hub/repository.h"

namespace estoc {

// Fetches what `ref` means and returns the model's path. The cache's ref moves when all is there.
std::string pull_hugging_face(WebSession& session, const HubSettings& settings, const ModelRef& ref,
                              const PullListener& listener);

// A page of /api/models/.../tree/..., into `listing`. Throws Error{corrupt_file}.
void read_tree_page(std::string_view text, const std::string& where, RepoListing& listing);

// The address of rel="next" in a Link header; empty without one.
std::string next_page(std::string_view link);

}  // namespace estoc
