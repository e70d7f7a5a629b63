#include "hub/hub.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/error.h"
#include "base/shown.h"
#include "hub/file_choice.h"
#include "hub/hf_cache.h"
#include "hub/hf_repository.h"
#include "hub/modelscope.h"
#include "hub/ollama.h"
#include "hub/url_file.h"

namespace estoc {
namespace {

namespace fs = std::filesystem;
using Source = ModelRef::Source;
using Place = LocalModel::Place;

bool is_same(std::string_view a, std::string_view b) {
  const auto small = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return small(x) == small(y); });
}

std::string find_hugging_face(const HubSettings& settings, const ModelRef& ref) {
  const HfCache cache(settings.hugging_face_cache, settings.has_links);
  const auto commit = cache.commit_of(ref.repo, ref.revision.empty() ? "main" : ref.revision);
  if (commit) {
    std::error_code ignored;
    const std::string folder = cache.snapshot(ref.repo, *commit);
    if (fs::is_directory(folder, ignored)) {
      if (std::string path = find_in_folder(folder, ref); !path.empty()) return path;
    }
  }
  if (!ref.revision.empty() || !ref.file.empty()) return {};
  // What others have of the same repository. Without a quantization, what the repository itself would give.
  std::vector<LocalModel> models = models_of_other_programs(settings);
  std::erase_if(models, [&](const LocalModel& model) { return !is_same(model.repo, ref.repo); });
  const std::string wanted = ref.quant.empty() ? "GGUF " + std::string(kDefaultQuant) : "GGUF " + ref.quant;
  for (const LocalModel& model : models) {
    if (is_same(model.format, wanted) || (ref.quant.empty() && models.size() == 1)) return model.path;
  }
  return {};
}

// A bare name: what `estoc list` shows, Ollama's without ":latest", or a file's name without its ending.
FoundModel find_local(const HubSettings& settings, const ModelRef& ref) {
  std::vector<LocalModel> found;
  for (LocalModel& model : local_models(settings)) {
    const bool is_file = model.path.ends_with(".gguf") && is_same(fs::path(model.path).stem().string(), ref.text);
    if (is_same(model.name, ref.text) || is_same(model.name, ref.text + ":latest") || is_file) {
      found.push_back(std::move(model));
    }
  }
  if (found.empty()) return {};
  if (found.size() > 1) {
    std::vector<std::string> names;
    for (const LocalModel& model : found)
      names.push_back(fmt::format("{} ({})", shown(model.name), place_name(model.place)));
    fail(ErrorCode::invalid_argument, "'{}' could be {}; name one of them", ref.text, fmt::join(names, " or "));
  }
  return {found.front().path, found.front().name};
}

std::string path_of(const HubSettings& settings, const ModelRef& ref) {
  switch (ref.source) {
    case Source::hugging_face:
      return find_hugging_face(settings, ref);
    case Source::modelscope:
      return find_modelscope(settings, ref);
    case Source::ollama:
      return find_ollama(settings, ref.ollama);
    case Source::url:
      return find_url(settings, ref.url);
    case Source::local:
      break;
  }
  return {};
}

// What is called the same in a cache of repositories, seen from the reference that names all or a part of it.
bool is_meant(const LocalModel& model, const ModelRef& ref) {
  if (model.repo != ref.repo) return false;
  const auto& revisions = model.revisions;
  if (!ref.revision.empty() && std::find(revisions.begin(), revisions.end(), ref.revision) == revisions.end()) {
    return false;
  }
  if (!ref.file.empty()) return model.path.ends_with("/" + ref.file);
  return ref.quant.empty() || is_same(model.format, "GGUF " + ref.quant);
}

Place place_of(const ModelRef& ref) {
  return ref.source == Source::modelscope ? Place::modelscope : Place::hugging_face;
}

// The files of a snapshot that go: those of the GGUF that is named, else all.
std::vector<std::string> files_meant(const std::string& folder, const ModelRef& ref) {
  std::vector<std::string> paths = files_below(folder);
  if (ref.quant.empty() && ref.file.empty()) return paths;
  for (const GgufSet& set : gguf_sets(paths)) {
    const bool has_file = std::find(set.files.begin(), set.files.end(), ref.file) != set.files.end();
    if (ref.file.empty() ? is_same(set.label, ref.quant) : has_file) return set.files;
  }
  return {};
}

// A bare name that this program fetched from Ollama's registry as name:latest.
ModelRef with_source(const HubSettings& settings, const ModelRef& ref) {
  if (ref.source != Source::local) return ref;
  try {
    ModelRef named = parse_model_ref("ollama:" + ref.text, {});
    std::error_code ignored;
    if (fs::exists(ollama_manifest_path(own_ollama_folder(settings), named.ollama), ignored)) return named;
  } catch (const Error&) {  // no name of Ollama's
  }
  return ref;
}

// What is left of a repository that was never fetched whole.
std::optional<LocalModel> unfinished(const HubSettings& settings, const ModelRef& ref) {
  if (ref.source != Source::hugging_face || !ref.quant.empty() || !ref.file.empty() || !ref.revision.empty()) return {};
  const std::string folder = HfCache(settings.hugging_face_cache, settings.has_links).repo_folder(ref.repo);
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) return {};
  uint64_t bytes = 0;
  for (const std::string& path : files_below(folder + "/blobs"))
    bytes += fs::file_size(folder + "/blobs/" + path, ignored);
  return LocalModel{Place::hugging_face, ref.text, ref.repo, "unfinished", folder, bytes};
}

uint64_t remove_hugging_face(const HubSettings& settings, const ModelRef& ref) {
  const HfCache cache(settings.hugging_face_cache, settings.has_links);
  if (cache.commits(ref.repo).empty()) return cache.remove_unfinished(ref.repo);
  const auto wanted = ref.revision.empty() ? std::nullopt : cache.commit_of(ref.repo, ref.revision);
  uint64_t freed = 0;
  for (const std::string& commit : cache.commits(ref.repo)) {
    if (wanted && *wanted != commit) continue;
    const std::vector<std::string> paths = files_meant(cache.snapshot(ref.repo, commit), ref);
    if (!paths.empty()) freed += cache.remove(ref.repo, commit, paths);
  }
  return freed;
}

uint64_t remove_modelscope(const HubSettings& settings, const ModelRef& ref) {
  uint64_t freed = 0;
  for (const ModelscopeSnapshot& snapshot : modelscope_snapshots(settings)) {
    if (snapshot.repo != ref.repo || (!ref.revision.empty() && snapshot.revision != ref.revision)) continue;
    for (const std::string& path : files_meant(snapshot.folder, ref)) {
      std::error_code error;
      const uint64_t size = fs::file_size(snapshot.folder + "/" + path, error);
      if (fs::remove(snapshot.folder + "/" + path, error)) freed += size;
    }
    std::error_code ignored;
    if (files_below(snapshot.folder).empty()) fs::remove_all(snapshot.folder, ignored);
  }
  return freed;
}

}  // namespace

FoundModel find_model(const HubSettings& settings, const ModelRef& ref) {
  if (ref.source == Source::local) return find_local(settings, ref);
  return {path_of(settings, ref), ref.text};
}

FoundModel pull_model(const HubSettings& settings, const ModelRef& ref, const PullListener& listener) {
  if (ref.source == Source::local) {
    fail(ErrorCode::invalid_argument,
         "'{}' says no place to fetch it from; expected org/name, name:tag of Ollama's registry, or an address",
         ref.text);
  }
  if (settings.is_offline) {
    fail(ErrorCode::not_found, "{}: cannot be fetched, because HF_HUB_OFFLINE is set", ref.text);
  }
  WebSession session(settings.web);
  switch (ref.source) {
    case Source::modelscope:
      return {pull_modelscope(session, settings, ref, listener), ref.text};
    case Source::ollama:
      return {pull_ollama(session, settings, ref, listener), ref.text};
    case Source::url:
      return {pull_url(session, settings, ref, listener), ref.text};
    case Source::hugging_face:
    case Source::local:
      break;
  }
  return {pull_hugging_face(session, settings, ref, listener), ref.text};
}

FoundModel locate_model(const HubSettings& settings, const ModelRef& ref, const PullListener& listener) {
  FoundModel found = find_model(settings, ref);
  if (!found.path.empty()) return found;
  if (ref.source == Source::local) {
    fail(
        ErrorCode::not_found,
        "'{}': no such file or folder, and no model of that name here (`estoc list`); expected a .gguf file, a Hugging "
        "Face folder, `demo`, org/name or name:tag",
        shown(ref.text));
  }
  if (settings.is_offline) {
    fail(ErrorCode::not_found, "{}: is not on this machine, or not whole, and HF_HUB_OFFLINE forbids to fetch it",
         ref.text);
  }
  return pull_model(settings, ref, listener);
}

std::vector<LocalModel> models_to_remove(const HubSettings& settings, const ModelRef& typed) {
  const ModelRef ref = with_source(settings, typed);
  std::vector<LocalModel> meant, of_others;
  for (LocalModel& model : local_models(settings)) {
    const bool is_repository = ref.source == Source::hugging_face || ref.source == Source::modelscope;
    const bool is_of_place = is_repository && model.place == place_of(ref);
    const bool is_here = is_of_place ? is_meant(model, ref) : is_same(model.name, ref.text);
    if (!is_here) continue;
    const bool is_ours = is_of_place || model.place == Place::own_ollama || model.place == Place::own_url;
    (is_ours ? meant : of_others).push_back(std::move(model));
  }
  if (meant.empty()) {
    if (auto left = unfinished(settings, ref)) meant.push_back(std::move(*left));
  }
  if (!meant.empty()) return meant;
  if (!of_others.empty()) {
    fail(ErrorCode::unsupported, "{}: belongs to {}, which has to remove it itself ({})", ref.text,
         place_name(of_others.front().place), of_others.front().path);
  }
  fail(ErrorCode::not_found, "{}: is not among the models on this machine (`estoc list`)", ref.text);
}

bool is_shared(const std::vector<LocalModel>& models) {
  return std::any_of(models.begin(), models.end(), [](const LocalModel& model) {
    return model.place == Place::hugging_face || model.place == Place::modelscope;
  });
}

uint64_t remove_models(const HubSettings& settings, const ModelRef& typed) {
  const ModelRef ref = with_source(settings, typed);
  switch (ref.source) {
    case Source::hugging_face:
      return remove_hugging_face(settings, ref);
    case Source::modelscope:
      return remove_modelscope(settings, ref);
    case Source::ollama:
      return remove_own_ollama(settings, ref.ollama);
    case Source::url: {
      std::error_code error;
      const std::string folder = url_folder(settings, ref.url);
      uint64_t bytes = 0;
      for (const std::string& path : files_below(folder)) bytes += fs::file_size(folder + "/" + path, error);
      fs::remove_all(folder, error);
      if (error) fail(ErrorCode::io, "{}: cannot be removed: {}", folder, error.message());
      return bytes;
    }
    case Source::local:
      break;
  }
  return 0;
}

}  // namespace estoc
