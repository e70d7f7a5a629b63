// Where hubs and caches are, and how they are spoken to: what the environment says, by the names that the hubs' own
// clients use. The one place that reads it.
//
// HF_HOME, HF_HUB_CACHE, HF_TOKEN, HF_TOKEN_PATH, HF_ENDPOINT, HF_HUB_OFFLINE, HF_HUB_DOWNLOAD_TIMEOUT,
// HF_HUB_DISABLE_IMPLICIT_TOKEN, HF_HUB_DISABLE_SYMLINKS; MODELSCOPE_CACHE, MODELSCOPE_ENDPOINT, MODELSCOPE_DOMAIN,
// MODELSCOPE_API_TOKEN; OLLAMA_MODELS; LLAMA_CACHE; SSL_CERT_FILE, SSL_CERT_DIR.
// Values. Threads: any, while nobody changes the environment. Errors: Error{invalid_argument} that names the variable.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "hub/web_session.h"

namespace estoc {

struct HubSettings {
  WebUrl hugging_face;  // without a path's end
  std::string hugging_face_cache;
  std::string hugging_face_token;  // empty: none
  bool has_links = true;           // snapshots lead to blobs by links

  WebUrl modelscope;
  std::string modelscope_cache;
  std::string modelscope_token;

  std::vector<std::string> ollama_folders;  // Ollama's own, which are read only
  std::vector<std::string> llama_cpp_folders;
  std::vector<std::string> lm_studio_folders;
  std::string own_folder;  // what has no place among those

  bool is_offline = false;
  WebSettings web;
};

using Variables = std::map<std::string, std::string>;

// `version` goes into the name by which servers know this program.
HubSettings read_hub_settings(const Variables& variables, const std::string& version);
// With the process's environment.
HubSettings read_hub_settings(const std::string& version);

// Where a token goes: as a bearer to its own hub, over https or on this machine. One that would travel openly is left
// out, and `note` told.
WebCredential bearer_of(const WebUrl& hub, const std::string& token,
                        const std::function<void(const std::string&)>& note);

}  // namespace estoc
