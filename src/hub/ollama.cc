#include "hub/ollama.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/shown.h"
#include "hub/disk.h"
#include "hub/hub_limits.h"
#include "hub/json_reply.h"
#include "hub/safe_names.h"

namespace estoc {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kModelKind = "application/vnd.ollama.image.model";

OllamaLayer parse_layer(const Json& layer, const std::string& where) {
  OllamaLayer parsed;
  if (const std::string* kind = text_field_or_null(layer, "mediaType")) parsed.kind = *kind;
  std::string_view digest = text_field(layer, "digest", where);
  constexpr std::string_view kPrefix = "sha256:";
  const auto hex = digest.starts_with(kPrefix) ? Digest::sha256(digest.substr(kPrefix.size())) : std::nullopt;
  if (!hex)
    fail(ErrorCode::corrupt_file, "{}: '{}' is no digest, expected sha256: and 64 digits", where, shown(digest));
  parsed.digest = *hex;
  parsed.size = size_field(layer, "size", where);
  return parsed;
}

std::optional<OllamaManifest> read_manifest(const std::string& folder, const OllamaName& name) {
  const std::string path = ollama_manifest_path(folder, name);
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return {};
  return parse_ollama_manifest(read_file(path, limits::kManifestBytesMax), path);
}

WebUrl registry_of(const OllamaName& name) {
  const auto url = parse_web_url(
      fmt::format("{}://{}/v2/{}/{}", name.is_https ? "https" : "http", name.host, name.user, name.model));
  if (!url) fail(ErrorCode::invalid_argument, "{}: is no registry's name", name.text());
  return *url;
}

[[noreturn]] void refuse(const ModelRef& ref, const WebHead& head) {
  if (head.status == 404 || head.status == 401) {
    fail(ErrorCode::not_found, "{}: {} has no such model or tag", ref.text, head.url.origin());
  }
  fail(ErrorCode::io, "{}: {} answers with status {}", ref.text, head.url.origin(), head.status);
}

}  // namespace

const OllamaLayer& OllamaManifest::model(const std::string& where) const {
  const OllamaLayer* found = nullptr;
  for (const OllamaLayer& layer : layers) {
    if (layer.kind != kModelKind) continue;
    if (found != nullptr)
      fail(ErrorCode::unsupported, "{}: the model is in several blobs, which is not supported", where);
    found = &layer;
  }
  if (found == nullptr) fail(ErrorCode::unsupported, "{}: has no GGUF model among its layers", where);
  return *found;
}

uint64_t OllamaManifest::bytes() const {
  uint64_t bytes = 0;
  for (const OllamaLayer& layer : layers) bytes += layer.size;
  return bytes;
}

OllamaManifest parse_ollama_manifest(std::string_view text, const std::string& where) {
  if (text.size() > limits::kManifestBytesMax) fail(ErrorCode::corrupt_file, "{}: is too large a manifest", where);
  const Json json = parse_reply(text, where);
  const Json* layers = json.find("layers");
  if (layers == nullptr || !layers->is_array() || layers->as_array().size() > limits::kManifestLayersMax) {
    fail(ErrorCode::corrupt_file, "{}: has no list of at most {} 'layers'", where, limits::kManifestLayersMax);
  }
  OllamaManifest manifest;
  for (const Json& layer : layers->as_array()) manifest.layers.push_back(parse_layer(layer, where));
  const Json* config = json.find("config");
  if (config != nullptr && config->is_object()) manifest.layers.push_back(parse_layer(*config, where));
  return manifest;
}

std::string ollama_manifest_path(const std::string& folder, const OllamaName& name) {
  return fmt::format("{}/manifests/{}/{}/{}/{}", folder, name.host, name.user, name.model, name.tag);
}

std::string ollama_blob_path(const std::string& folder, const Digest& digest) {
  return folder + "/blobs/sha256-" + digest.hex;
}

std::string own_ollama_folder(const HubSettings& settings) { return settings.own_folder + "/ollama"; }

std::string find_ollama(const HubSettings& settings, const OllamaName& name) {
  std::vector<std::string> folders = {own_ollama_folder(settings)};
  folders.insert(folders.end(), settings.ollama_folders.begin(), settings.ollama_folders.end());
  for (const std::string& folder : folders) {
    const auto manifest = read_manifest(folder, name);
    if (!manifest) continue;
    std::string blob = ollama_blob_path(folder, manifest->model(name.text()).digest);
    std::error_code ignored;
    if (fs::is_regular_file(blob, ignored)) return blob;
  }
  return {};
}

std::vector<OllamaName> ollama_names(const std::string& folder) {
  std::vector<OllamaName> names;
  for (const std::string& path : files_below(folder + "/manifests")) {
    const size_t tag = path.rfind('/');
    if (tag == std::string::npos || std::count(path.begin(), path.end(), '/') != 3) continue;
    const std::string text = path.substr(0, tag) + ":" + path.substr(tag + 1);
    try {
      names.push_back(parse_ollama_name(text));
    } catch (const Error&) {  // a file of somebody else's
    }
  }
  return names;
}

std::string pull_ollama(WebSession& session, const HubSettings& settings, const ModelRef& ref,
                        const PullListener& listener) {
  const WebUrl registry = registry_of(ref.ollama);
  WebRequest request{registry.below("/manifests/" + percent_encoded(ref.ollama.tag))};
  request.headers.push_back("Accept: application/vnd.docker.distribution.manifest.v2+json");
  const WebAnswer answer = read_web(session, request, limits::kManifestBytesMax, listener.note);
  if (answer.head.status != 200) refuse(ref, answer.head);
  const OllamaManifest manifest = parse_ollama_manifest(answer.body, ref.text);
  const std::string folder = own_ollama_folder(settings);
  const std::string model = ollama_blob_path(folder, manifest.model(ref.text).digest);
  std::vector<FileDownload> downloads;
  for (const OllamaLayer& layer : manifest.layers) {
    FileDownload download;
    download.name = "sha256:" + layer.digest.hex.substr(0, 12);
    download.url = registry.below("/blobs/sha256:" + layer.digest.hex);
    download.size = layer.size;
    download.digest = layer.digest;
    download.identity = layer.digest.hex;
    download.target = ollama_blob_path(folder, layer.digest);
    download.part = download.target + ".estoc.incomplete";
    download.lock = fmt::format("{}/.locks/sha256-{}.lock", folder, layer.digest.hex);
    download.refuse = [&ref](const WebHead& head) { refuse(ref, head); };
    downloads.push_back(std::move(download));
  }
  make_folders(folder + "/blobs");
  make_folders(folder + "/.locks");
  download_files(session, downloads, listener);
  const std::string path = ollama_manifest_path(folder, ref.ollama);
  make_folders(folder_of(path));
  write_whole_file(path, answer.body);
  return model;
}

uint64_t remove_own_ollama(const HubSettings& settings, const OllamaName& name) {
  const std::string folder = own_ollama_folder(settings);
  const auto manifest = read_manifest(folder, name);
  if (!manifest) return 0;
  std::error_code error;
  if (!fs::remove(ollama_manifest_path(folder, name), error)) {
    fail(ErrorCode::io, "{}: cannot be removed: {}", ollama_manifest_path(folder, name), error.message());
  }
  std::set<std::string> used;
  for (const OllamaName& other : ollama_names(folder)) {
    if (const auto left = read_manifest(folder, other)) {
      for (const OllamaLayer& layer : left->layers) used.insert(layer.digest.hex);
    }
  }
  uint64_t freed = 0;
  for (const OllamaLayer& layer : manifest->layers) {
    const std::string blob = ollama_blob_path(folder, layer.digest);
    if (used.contains(layer.digest.hex) || !fs::remove(blob, error)) continue;
    freed += layer.size;
  }
  return freed;
}

}  // namespace estoc
