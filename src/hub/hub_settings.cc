#include "hub/hub_settings.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/error.h"
#include "base/home_folders.h"
#include "base/mapped_file.h"
#include "hub/hub_limits.h"

namespace estoc {
namespace {

class Reader {
 public:
  explicit Reader(const Variables& variables) : variables_(variables) {}

  const std::string* find(const char* name) const {
    const auto found = variables_.find(name);
    return found == variables_.end() || found->second.empty() ? nullptr : &found->second;
  }
  std::string text(const char* name, const std::string& otherwise = {}) const {
    const std::string* value = find(name);
    return value == nullptr ? otherwise : *value;
  }
  // A leading ~ is the home.
  std::string path(const char* name, const std::string& otherwise) const {
    const std::string value = text(name, otherwise);
    return value == "~" || value.starts_with("~/") ? home() + value.substr(1) : value;
  }
  bool is_true(const char* name) const {
    std::string value = text(name);
    for (char& c : value) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return value == "1" || value == "ON" || value == "YES" || value == "TRUE";
  }
  std::string home() const { return text("HOME", "."); }

  WebUrl address(const char* name, const std::string& otherwise) const {
    std::string value = text(name, otherwise);
    while (value.ends_with('/')) value.pop_back();
    auto url = parse_web_url(value);
    if (!url || url->target.find('?') != std::string::npos) {
      fail(ErrorCode::invalid_argument, "{}: '{}' is no web address, expected one like {}", name, value, otherwise);
    }
    if (url->target == "/") url->target.clear();
    return *url;
  }

 private:
  const Variables& variables_;
};

std::string trimmed(std::string text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && is_blank(text.back())) text.pop_back();
  text.erase(text.begin(), std::find_if_not(text.begin(), text.end(), is_blank));
  return text;
}

// A token becomes a header line: nothing in it may end the line.
std::string checked_token(const std::string& token, const std::string& where) {
  const std::string text = trimmed(token);
  if (text.size() > limits::kTokenBytesMax ||
      !std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; })) {
    fail(ErrorCode::invalid_argument, "{}: holds no token, expected one line of letters and digits", where);
  }
  return text;
}

std::string hugging_face_token(const Reader& reader, const std::string& hf_home) {
  if (reader.is_true("HF_HUB_DISABLE_IMPLICIT_TOKEN")) return {};
  for (const char* name : {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}) {
    if (const std::string* token = reader.find(name)) return checked_token(*token, name);
  }
  const std::string path = reader.path("HF_TOKEN_PATH", hf_home + "/token");
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return {};
  return checked_token(read_file(path, limits::kTokenBytesMax), path);
}

std::chrono::milliseconds stall_of(const Reader& reader) {
  constexpr const char* kName = "HF_HUB_DOWNLOAD_TIMEOUT";
  const std::string text = reader.text(kName, "10");
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds < 1 || seconds > 3600) {
    fail(ErrorCode::invalid_argument, "{}: '{}' is not a number of seconds from 1 to 3600", kName, text);
  }
  return std::chrono::seconds(seconds);
}

}  // namespace

HubSettings read_hub_settings(const Variables& variables, const std::string& version) {
  const Reader reader(variables);
  const std::string cache = reader.text("XDG_CACHE_HOME", reader.home() + "/.cache");
  const std::string hf_home = reader.path("HF_HOME", cache + "/huggingface");
  HubSettings settings;
  settings.hugging_face = reader.address("HF_ENDPOINT", "https://huggingface.co");
  settings.hugging_face_cache = reader.path("HF_HUB_CACHE", reader.path("HUGGINGFACE_HUB_CACHE", hf_home + "/hub"));
  settings.hugging_face_token = hugging_face_token(reader, hf_home);
  settings.has_links = !reader.is_true("HF_HUB_DISABLE_SYMLINKS");
  std::string domain = reader.text("MODELSCOPE_DOMAIN", "www.modelscope.cn");
  if (domain.find("://") == std::string::npos) domain = "https://" + domain;
  settings.modelscope = reader.address("MODELSCOPE_ENDPOINT", domain);
  settings.modelscope_cache = reader.path("MODELSCOPE_CACHE", reader.home() + "/.cache/modelscope");
  settings.modelscope_token = checked_token(reader.text("MODELSCOPE_API_TOKEN"), "MODELSCOPE_API_TOKEN");
  if (reader.find("OLLAMA_MODELS") != nullptr) {
    settings.ollama_folders = {reader.path("OLLAMA_MODELS", "")};
  } else {
    settings.ollama_folders = {reader.home() + "/.ollama/models", "/usr/share/ollama/.ollama/models"};
  }
  settings.llama_cpp_folders = {reader.path("LLAMA_CACHE", cache + "/llama.cpp")};
  settings.lm_studio_folders = {reader.home() + "/.lmstudio/models", reader.home() + "/.cache/lm-studio/models"};
  settings.own_folder = cache_directory() + "/models";
  settings.is_offline = reader.is_true("HF_HUB_OFFLINE") || reader.is_true("TRANSFORMERS_OFFLINE");
  settings.web.user_agent = "estoc/" + version;
  settings.web.ca_file = reader.path("SSL_CERT_FILE", "");
  settings.web.ca_folder = reader.path("SSL_CERT_DIR", "");
  settings.web.stall = stall_of(reader);
  return settings;
}

HubSettings read_hub_settings(const std::string& version) {
  Variables variables;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const size_t end = text.find('=');
    if (end != std::string_view::npos) variables.emplace(text.substr(0, end), text.substr(end + 1));
  }
  return read_hub_settings(variables, version);
}

WebCredential bearer_of(const WebUrl& hub, const std::string& token,
                        const std::function<void(const std::string&)>& note) {
  if (token.empty()) return {};
  if (!hub.is_https && !hub.is_loopback()) {
    if (note) note(fmt::format("the token is not sent to {}, where others could read it on its way", hub.origin()));
    return {};
  }
  return {hub.origin(), {"Authorization: Bearer " + token}};
}

}  // namespace estoc
