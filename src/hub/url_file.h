// GGUF files by their web address, kept under this program's own files: urls/HASH/NAME.gguf, and beside it the address.
// Threads: one. Errors: Error in one sentence.
#pragma once

#include <string>
#include <vector>

#include "hub/hub_settings.h"
#include "hub/repository.h"

namespace estoc {

// Also the other parts of a split model whose first part is named. Returns the (first) file.
std::string pull_url(WebSession& session, const HubSettings& settings, const ModelRef& ref,
                     const PullListener& listener);

// The (first) file when all are there; else empty.
std::string find_url(const HubSettings& settings, const std::string& url);

struct UrlModel {
  std::string url, folder;
};
std::vector<UrlModel> url_models(const HubSettings& settings);
std::string url_folder(const HubSettings& settings, const std::string& url);

// The addresses of all parts of a split model, by that of the first; else only itself.
// Throws Error{invalid_argument} for another part than the first, or too many.
std::vector<std::string> urls_of_parts(const std::string& url);

}  // namespace estoc
