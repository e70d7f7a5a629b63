// Ollama: its registry's protocol, and folders laid out as its server has them.
//
//   manifests/HOST/USER/MODEL/TAG      JSON: which blobs the model consists of
//   blobs/sha256-HEX                   contents; one of them is the GGUF file
//
// Ollama's own folders are read and never written; what is pulled goes into a folder of the same layout beside this
// program's other files, which OLLAMA_MODELS can name. Threads: one. Errors: Error in one sentence.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hub/hub_settings.h"
#include "hub/repository.h"

namespace estoc {

struct OllamaLayer {
  std::string kind;  // media type
  Digest digest;
  uint64_t size = 0;
};

struct OllamaManifest {
  std::vector<OllamaLayer> layers;  // the config among them

  // The one that is the model. Throws Error{unsupported} when there is none, or several.
  const OllamaLayer& model(const std::string& where) const;
  uint64_t bytes() const;
};

// Throws Error{corrupt_file}: every digest is checked before it can be part of a path.
OllamaManifest parse_ollama_manifest(std::string_view text, const std::string& where);

std::string ollama_manifest_path(const std::string& folder, const OllamaName& name);
std::string ollama_blob_path(const std::string& folder, const Digest& digest);

// This program's folder of that layout.
std::string own_ollama_folder(const HubSettings& settings);

// The model's blob, in the first folder that has it whole; empty when none has.
std::string find_ollama(const HubSettings& settings, const OllamaName& name);

// The names whose manifests a folder has.
std::vector<OllamaName> ollama_names(const std::string& folder);

std::string pull_ollama(WebSession& session, const HubSettings& settings, const ModelRef& ref,
                        const PullListener& listener);

// Removes a model from this program's folder, and blobs that no other there uses. Returns the bytes that became free.
uint64_t remove_own_ollama(const HubSettings& settings, const OllamaName& name);

}  // namespace estoc
