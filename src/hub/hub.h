// Models by name: found where they are, or fetched. The one door through which commands come to a model's path.
//
// What: a name (hub/model_ref.h) is looked up in the caches first, without a word to the network; what is missing is
// fetched. `pull_model` asks the hub in any case. docs/HUB.md has the rules.
// Threads: one. Errors: Error{invalid_argument, not_found, io, resource_exhausted, corrupt_file, unsupported} in one
// sentence.
#pragma once

#include <string>
#include <vector>

#include "hub/hub_settings.h"
#include "hub/local_models.h"
#include "hub/model_ref.h"
#include "hub/repository.h"

namespace estoc {

struct FoundModel {
  std::string path;  // a GGUF file or a folder
  std::string name;  // the reference in its shortest form
};

// The model on this machine, if it is there whole.
FoundModel find_model(const HubSettings& settings, const ModelRef& ref);  // path empty: it is not

// Fetches what is missing of it or has changed.
FoundModel pull_model(const HubSettings& settings, const ModelRef& ref, const PullListener& listener);

// find_model, else pull_model.
FoundModel locate_model(const HubSettings& settings, const ModelRef& ref, const PullListener& listener);

// What `remove_models` would remove for this reference: without a revision or a quantization all that its cache has of
// the repository. Throws Error{not_found}, and Error{unsupported} for what belongs to another program.
std::vector<LocalModel> models_to_remove(const HubSettings& settings, const ModelRef& ref);
// Whether other programs use that cache too.
bool is_shared(const std::vector<LocalModel>& models);
// Returns the bytes that became free.
uint64_t remove_models(const HubSettings& settings, const ModelRef& ref);

}  // namespace estoc
