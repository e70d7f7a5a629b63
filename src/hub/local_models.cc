#include "hub/local_models.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/error.h"
#include "base/mapped_file.h"
#include "hub/file_choice.h"
#include "hub/hf_cache.h"
#include "hub/hub_limits.h"
#include "hub/json_reply.h"
#include "hub/modelscope.h"
#include "hub/ollama.h"
#include "hub/safe_names.h"
#include "hub/url_file.h"

namespace estoc {
namespace {

namespace fs = std::filesystem;
using Place = LocalModel::Place;

uint64_t bytes_of(const std::string& folder, const std::vector<std::string>& paths) {
  uint64_t bytes = 0;
  for (const std::string& path : paths) {
    std::error_code error;
    const uint64_t size = fs::file_size(folder + "/" + path, error);
    if (!error) bytes += size;
  }
  return bytes;
}

std::string gguf_format(const std::string& label) { return label.empty() ? "GGUF" : "GGUF " + label; }

// The models in a folder that holds files of one repository; `name` is what it is called without a quantization.
std::vector<LocalModel> models_in(Place place, const std::string& repo, const std::string& name,
                                  const std::string& folder) {
  std::vector<LocalModel> models;
  const std::vector<std::string> paths = files_below(folder);
  ModelRef whole;
  whole.text = name;
  std::vector<std::string> weights;
  std::copy_if(paths.begin(), paths.end(), std::back_inserter(weights),
               [](const std::string& path) { return !path.ends_with(".gguf"); });
  try {
    if (has_safetensors(paths) && find_in_folder(folder, whole) == folder) {
      models.push_back({place, name, repo, "safetensors", folder, bytes_of(folder, weights)});
    }
  } catch (const Error&) {  // an index that is none
  }
  const std::vector<GgufSet> sets = gguf_sets(paths);
  for (const GgufSet& set : sets) {
    if (!set.is_whole) continue;
    const auto same =
        std::count_if(sets.begin(), sets.end(), [&](const GgufSet& other) { return other.label == set.label; });
    const bool is_named_by_label = !set.label.empty() && same == 1;
    models.push_back({place, name + (is_named_by_label ? ":" + set.label : "/" + set.files.front()), repo,
                      gguf_format(set.label), folder + "/" + set.files.front(), bytes_of(folder, set.files)});
  }
  return models;
}

template <typename From>
void append(std::vector<LocalModel>& models, From&& more) {
  models.insert(models.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

void set_revisions(std::vector<LocalModel>& models, const std::vector<std::string>& revisions) {
  for (LocalModel& model : models) model.revisions = revisions;
}

std::vector<LocalModel> of_hugging_face(const HubSettings& settings) {
  std::vector<LocalModel> models;
  const HfCache cache(settings.hugging_face_cache, settings.has_links);
  for (const std::string& repo : cache.repos()) {
    for (const std::string& commit : cache.commits(repo)) {
      std::vector<std::string> refs = cache.refs_of(repo, commit);
      const bool is_main = std::find(refs.begin(), refs.end(), "main") != refs.end();
      const std::string revision = is_main ? "" : "@" + (refs.empty() ? commit : refs.front());
      auto found = models_in(Place::hugging_face, repo, repo + revision, cache.snapshot(repo, commit));
      refs.push_back(commit);
      set_revisions(found, refs);
      append(models, std::move(found));
    }
  }
  return models;
}

std::vector<LocalModel> of_modelscope(const HubSettings& settings) {
  std::vector<LocalModel> models;
  for (const ModelscopeSnapshot& snapshot : modelscope_snapshots(settings)) {
    const std::string revision = snapshot.revision == "master" ? "" : "@" + snapshot.revision;
    auto found = models_in(Place::modelscope, snapshot.repo, "modelscope:" + snapshot.repo + revision, snapshot.folder);
    set_revisions(found, {snapshot.revision});
    append(models, std::move(found));
  }
  return models;
}

std::vector<LocalModel> of_ollama(const std::string& folder, Place place) {
  std::vector<LocalModel> models;
  for (const OllamaName& name : ollama_names(folder)) {
    try {
      const std::string path = ollama_manifest_path(folder, name);
      const OllamaManifest manifest = parse_ollama_manifest(read_file(path, limits::kManifestBytesMax), path);
      const std::string blob = ollama_blob_path(folder, manifest.model(path).digest);
      if (!fs::is_regular_file(blob)) continue;
      models.push_back({place, name.text(), {}, "GGUF", blob, manifest.bytes()});
    } catch (const std::exception&) {  // not a model that could be run
    }
  }
  return models;
}

// manifest=org=name=tag.json says which file was fetched for org/name:tag; file names have org_name_ before their own.
std::map<std::string, std::string> repos_of_llama_cpp(const std::vector<std::string>& paths) {
  std::map<std::string, std::string> repos;  // beginning of a file's name to the repository
  for (const std::string& path : paths) {
    if (!path.starts_with("manifest=") || !path.ends_with(".json")) continue;
    const size_t first = path.find('='), second = path.find('=', first + 1), third = path.find('=', second + 1);
    if (second == std::string::npos || third == std::string::npos) continue;
    const std::string user = path.substr(first + 1, second - first - 1),
                      name = path.substr(second + 1, third - second - 1);
    repos.emplace(user + "_" + name + "_", user + "/" + name);
  }
  return repos;
}

std::vector<LocalModel> of_llama_cpp(const std::string& folder) {
  std::vector<LocalModel> models;
  std::vector<std::string> paths = files_below(folder);
  std::erase_if(paths, [](const std::string& path) { return path.find('/') != std::string::npos; });
  const auto repos = repos_of_llama_cpp(paths);
  for (const GgufSet& set : gguf_sets(paths)) {
    if (!set.is_whole) continue;
    LocalModel model{Place::llama_cpp,           set.stem, {}, gguf_format(set.label), folder + "/" + set.files.front(),
                     bytes_of(folder, set.files)};
    for (const auto& [prefix, repo] : repos) {
      if (!set.stem.starts_with(prefix) || !is_repo_id(repo)) continue;
      model.repo = repo;
      model.name = repo + (set.label.empty() ? "/" + set.stem.substr(prefix.size()) + ".gguf" : ":" + set.label);
    }
    models.push_back(std::move(model));
  }
  return models;
}

// publisher/repository/files.
std::vector<LocalModel> of_lm_studio(const std::string& folder) {
  std::vector<LocalModel> models;
  std::vector<std::string> repos;
  for (const std::string& path : files_below(folder)) {
    const size_t first = path.find('/'), second = first == std::string::npos ? first : path.find('/', first + 1);
    if (second == std::string::npos || !is_repo_id(path.substr(0, second))) continue;
    if (repos.empty() || repos.back() != path.substr(0, second)) repos.push_back(path.substr(0, second));
  }
  for (const std::string& repo : repos) append(models, models_in(Place::lm_studio, repo, repo, folder + "/" + repo));
  return models;
}

std::vector<LocalModel> of_urls(const HubSettings& settings) {
  std::vector<LocalModel> models;
  for (const UrlModel& model : url_models(settings)) {
    const std::string path = find_url(settings, model.url);
    if (path.empty()) continue;
    models.push_back({Place::own_url,
                      model.url,
                      {},
                      gguf_format(quant_label(path)),
                      path,
                      bytes_of(model.folder, files_below(model.folder))});
  }
  return models;
}

}  // namespace

const char* place_name(Place place) {
  switch (place) {
    case Place::hugging_face:
      return "Hugging Face cache";
    case Place::modelscope:
      return "ModelScope cache";
    case Place::ollama:
      return "Ollama";
    case Place::llama_cpp:
      return "llama.cpp";
    case Place::lm_studio:
      return "LM Studio";
    case Place::own_ollama:
    case Place::own_url:
      break;
  }
  return "estoc";
}

std::vector<LocalModel> models_of_other_programs(const HubSettings& settings) {
  std::vector<LocalModel> models;
  for (const std::string& folder : settings.llama_cpp_folders) append(models, of_llama_cpp(folder));
  for (const std::string& folder : settings.lm_studio_folders) append(models, of_lm_studio(folder));
  return models;
}

std::vector<LocalModel> local_models(const HubSettings& settings) {
  std::vector<LocalModel> models = of_hugging_face(settings);
  append(models, of_modelscope(settings));
  for (const std::string& folder : settings.ollama_folders) append(models, of_ollama(folder, Place::ollama));
  append(models, models_of_other_programs(settings));
  append(models, of_ollama(own_ollama_folder(settings), Place::own_ollama));
  append(models, of_urls(settings));
  std::stable_sort(models.begin(), models.end(), [](const LocalModel& a, const LocalModel& b) {
    return a.place != b.place ? a.place < b.place : a.name < b.name;
  });
  return models;
}

}  // namespace estoc
