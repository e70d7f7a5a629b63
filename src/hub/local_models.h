// The models that are on this machine already, wherever they came from: Hugging Face's and ModelScope's caches,
// Ollama's, llama.cpp's and LM Studio's folders, and what this program has fetched itself. Threads: pure functions over
// the file system. Errors: what is odd in a folder is as if it were not there.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hub/hub_settings.h"

namespace estoc {

struct LocalModel {
  enum class Place { hugging_face, modelscope, ollama, llama_cpp, lm_studio, own_ollama, own_url };
  Place place = Place::hugging_face;
  std::string name;    // which parse_model_ref understands, or a bare name
  std::string repo;    // "org/name", where it has one
  std::string format;  // "safetensors", or "GGUF" and its quantization
  std::string path;    // what a command opens
  uint64_t bytes = 0;
  std::vector<std::string> revisions = {};  // of the repository, that mean it: branches, tags, the commit
};

const char* place_name(LocalModel::Place place);  // "Hugging Face cache"

// Sorted by place and name.
std::vector<LocalModel> local_models(const HubSettings& settings);
// Those that llama.cpp and LM Studio keep under names of Hugging Face's repositories, and such without a repository.
std::vector<LocalModel> models_of_other_programs(const HubSettings& settings);

}  // namespace estoc
