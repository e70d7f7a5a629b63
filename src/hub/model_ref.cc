#include "hub/model_ref.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/shown.h"
#include "hub/hub_limits.h"
#include "hub/safe_names.h"
#include "hub/web_url.h"

namespace estoc {
namespace {

constexpr size_t kOllamaPartBytesMax = 80;
constexpr std::string_view kHubHosts[] = {"huggingface.co", "hf.co", "www.huggingface.co"};

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  fail(ErrorCode::invalid_argument, "'{}' names no model: {}", shown(text), why);
}

std::vector<std::string_view> split(std::string_view text, char divider) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = text.find(divider);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string join(std::span<const std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text.append(text.empty() ? "" : "/").append(part);
  return text;
}

void check_repository(const ModelRef& ref, std::string_view typed) {
  if (!is_repo_id(ref.repo)) {
    refuse(typed,
           fmt::format("'{}' is not of the form org/name, with letters, digits, '.', '_' and '-'", shown(ref.repo)));
  }
  if (!ref.revision.empty() && !is_revision(ref.revision)) {
    refuse(typed, fmt::format("'{}' is no revision (a branch, a tag or a commit)", shown(ref.revision)));
  }
  if (!ref.quant.empty() && !is_quant_name(ref.quant)) {
    refuse(typed, fmt::format("'{}' is no quantization, expected one like Q4_K_M", shown(ref.quant)));
  }
  if (!ref.file.empty() && (!is_safe_path(ref.file) || !ref.file.ends_with(".gguf"))) {
    refuse(typed, fmt::format("'{}' is no GGUF file of a repository", shown(ref.file)));
  }
}

// The shortest text that means the same.
std::string text_of(const ModelRef& ref) {
  std::string text = ref.source == ModelRef::Source::modelscope ? "modelscope:" : "";
  for (const std::string_view host : kHubHosts) {  // an organization that is called like the hub
    if (text.empty() && ref.repo.starts_with(std::string(host) + "/")) text = "hf:";
  }
  text += ref.repo;
  if (!ref.revision.empty()) text += "@" + percent_encoded(ref.revision, ref.file.empty());
  if (!ref.quant.empty()) text += ":" + ref.quant;
  if (!ref.file.empty()) text += "/" + ref.file;
  return text;
}

// "org/name[@revision][:quant]" or "org/name[@revision]/file".
ModelRef parse_repository(std::string_view text, ModelRef::Source source, std::string_view typed) {
  ModelRef ref;
  ref.source = source;
  const size_t first = text.find('/');
  if (first == std::string_view::npos) refuse(typed, "a repository is org/name");
  const size_t end = std::min(text.find_first_of("/@:", first + 1), text.size());
  ref.repo = std::string(text.substr(0, end));
  std::string_view rest = text.substr(end);
  if (take_prefix(rest, "@")) {
    // A revision may have slashes (refs/pr/1); before a file's name they are written as on the hub's pages, %2F.
    const size_t stop = std::min(rest.find(rest.ends_with(".gguf") ? '/' : ':'), rest.size());
    const auto revision = percent_decoded(rest.substr(0, stop));
    if (!revision) refuse(typed, "a '%' in it is not followed by two hex digits");
    ref.revision = *revision;
    rest.remove_prefix(stop);
    if (ref.revision.empty()) refuse(typed, "a revision is expected after '@'");
  }
  if (take_prefix(rest, ":")) {
    ref.quant = std::string(rest);
    if (ref.quant.empty()) refuse(typed, "a quantization like Q4_K_M is expected after ':'");
  } else if (take_prefix(rest, "/")) {
    ref.file = std::string(rest);
    if (ref.file.empty()) refuse(typed, "a repository is org/name, without a slash at its end");
  }
  check_repository(ref, typed);
  ref.text = text_of(ref);
  return ref;
}

// The path of a page of the hub: org/name, org/name/tree/REVISION, org/name/resolve/REVISION/FILE.
ModelRef parse_page(std::string_view path, std::string_view typed) {
  if (const size_t end = path.find('?'); end != std::string_view::npos) path = path.substr(0, end);
  while (path.ends_with('/')) path.remove_suffix(1);
  std::vector<std::string_view> parts = split(path, '/');
  if (parts.size() < 2) refuse(typed, "a repository is org/name");
  for (const std::string_view other : {"datasets", "spaces", "api"}) {
    if (parts.front() == other) refuse(typed, "it is no page of a model");
  }
  constexpr std::string_view kVerbs[] = {"resolve", "blob", "raw", "tree"};
  if (parts.size() < 4 || std::find(std::begin(kVerbs), std::end(kVerbs), parts[2]) == std::end(kVerbs)) {
    if (parts.size() == 3 && parts[2] == "tree") refuse(typed, "a revision is expected after tree/");
    return parse_repository(path, ModelRef::Source::hugging_face, typed);
  }
  ModelRef ref;
  ref.repo = join(std::span(parts).first(2));
  const auto revision = percent_decoded(parts[3]);
  const auto file = percent_decoded(join(std::span(parts).subspan(4)));
  if (!revision || !file) refuse(typed, "a '%' in it is not followed by two hex digits");
  ref.revision = *revision == "main" ? "" : *revision;
  ref.file = parts[2] == "tree" ? "" : *file;
  if (parts[2] != "tree" && ref.file.empty()) refuse(typed, "a file is expected at its end");
  check_repository(ref, typed);
  ref.text = text_of(ref);
  return ref;
}

bool is_hub_host(std::string_view host, std::string_view endpoint) {
  if (std::find(std::begin(kHubHosts), std::end(kHubHosts), host) != std::end(kHubHosts)) return true;
  const auto own = parse_web_url(endpoint);
  return own && own->host == host;
}

ModelRef parse_address(std::string_view text, std::string_view endpoint) {
  const auto url = parse_web_url(text);
  if (!url) refuse(text, "it is no web address");
  const auto own = parse_web_url(endpoint);
  if (is_hub_host(url->host, endpoint) && (!own || own->host != url->host || own->port == url->port)) {
    return parse_page(url->path().substr(1), text);
  }
  if (!url->is_https && !url->is_loopback()) {
    refuse(text, "files are fetched over https only, but from this machine itself");
  }
  const auto path = percent_decoded(url->path());
  if (!path || !path->ends_with(".gguf") || !is_safe_part(path->substr(path->rfind('/') + 1))) {
    refuse(text, "the address of a file ends in .gguf");
  }
  ModelRef ref;
  ref.source = ModelRef::Source::url;
  ref.url = ref.text = url->text();
  return ref;
}

ModelRef of_ollama(std::string_view name) {
  ModelRef ref;
  ref.source = ModelRef::Source::ollama;
  ref.ollama = parse_ollama_name(name);
  ref.text = ref.ollama.text();
  return ref;
}

}  // namespace

std::string OllamaName::text() const {
  const OllamaName usual;
  if (!is_https) return fmt::format("ollama:http://{}/{}/{}:{}", host, user, model, tag);
  if (host != usual.host) return fmt::format("ollama:{}/{}/{}:{}", host, user, model, tag);
  if (user != usual.user) return fmt::format("ollama:{}/{}:{}", user, model, tag);
  // Names that would be read as a prefix keep theirs.
  const bool is_prefix = model == "hf" || model == "modelscope" || model == "ollama";
  return fmt::format("{}{}:{}", is_prefix ? "ollama:" : "", model, tag);
}

OllamaName parse_ollama_name(std::string_view text) {
  const std::string_view typed = text;
  OllamaName name;
  name.is_https = !take_prefix(text, "http://");
  if (name.is_https) take_prefix(text, "https://");
  std::vector<std::string_view> parts = split(text, '/');
  if (parts.size() > 3) refuse(typed, "a name in Ollama's registry has at most three parts, host/user/model");
  std::string_view model = parts.back();
  if (const size_t colon = model.find(':'); colon != std::string_view::npos) {
    name.tag = std::string(model.substr(colon + 1));
    model = model.substr(0, colon);
  }
  name.model = std::string(model);
  if (parts.size() >= 2) name.user = std::string(parts[parts.size() - 2]);
  if (parts.size() == 3) {
    const auto url = parse_web_url(fmt::format("{}://{}", name.is_https ? "https" : "http", parts[0]));
    if (!url || url->target != "/") refuse(typed, fmt::format("'{}' is no registry's host", shown(parts[0])));
    if (!url->is_https && !url->is_loopback()) refuse(typed, "http is for registries on this machine only");
    name.host = std::string(parts[0]);
  } else if (!name.is_https) {
    refuse(typed, "after http:// a name is host/user/model");
  }
  for (const std::string& part : {name.user, name.model, name.tag}) {
    if (is_plain_name(part, kOllamaPartBytesMax) && is_safe_part(part)) continue;
    refuse(typed, fmt::format("'{}' in it has other characters than letters, digits, '.', '_' and '-'", shown(part)));
  }
  return name;
}

bool looks_like_path(std::string_view text) {
  if (text.starts_with('/') || text.starts_with('~') || text.starts_with("./") || text.starts_with("../")) return true;
  if (text == "." || text == "..") return true;
  // A file in the working folder, or two folders down.
  const auto slashes = std::count(text.begin(), text.end(), '/');
  return slashes < 2 && (text.ends_with(".gguf") || text.ends_with(".safetensors")) &&
         text.find(':') == std::string_view::npos;
}

ModelRef parse_model_ref(std::string_view text, std::string_view endpoint) {
  if (text.empty() || text.size() > limits::kRefBytesMax) refuse(text, "a name has 1 to 2048 bytes");
  const std::string_view typed = text;
  if (text.starts_with("https://") || text.starts_with("http://")) return parse_address(text, endpoint);
  for (const std::string_view host : kHubHosts) {
    if (take_prefix(text, std::string(host) + "/")) return parse_page(text, typed);
  }
  if (take_prefix(text, "hf://") || take_prefix(text, "hf:")) {
    return parse_repository(text, ModelRef::Source::hugging_face, typed);
  }
  if (take_prefix(text, "modelscope:")) return parse_repository(text, ModelRef::Source::modelscope, typed);
  if (take_prefix(text, "ollama:")) return of_ollama(text);
  if (text.find('/') != std::string_view::npos) {
    return parse_repository(text, ModelRef::Source::hugging_face, typed);
  }
  if (text.find(':') != std::string_view::npos) return of_ollama(text);
  if (!is_safe_part(text)) refuse(typed, "it has characters that no name has");
  ModelRef ref;
  ref.source = ModelRef::Source::local;
  ref.text = std::string(text);
  return ref;
}

}  // namespace estoc
