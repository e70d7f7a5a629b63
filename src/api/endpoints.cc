#include "api/endpoints.h"

#include <charconv>
#include <optional>

namespace estoc::api {

std::span<const Endpoint> endpoints() {
  static constexpr Endpoint kEndpoints[] = {
      {"POST", "/v1/chat/completions", chat_completions},
      {"POST", "/v1/completions", completions},
      {"POST", "/v1/embeddings", embeddings},
      {"POST", "/v1/rerank", rerank},
      {"POST", "/v2/rerank", rerank},
      {"POST", "/rerank", rerank},
      {"POST", "/v1/score", score},
      {"POST", "/score", score},
      {"GET", "/v1/models", list_models},
      {"GET", "/v1/models/{id}", show_model},
      {"GET", "/health", ready},
      {"GET", "/readyz", ready},
      {"GET", "/livez", live},
      {"GET", "/metrics", metrics},
      {"GET", "/debug/steps", debug_steps},
  };
  return kEndpoints;
}

namespace {

// A percent sign that does not start an escape stays as it is.
std::string percent_decode(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ptr == text.data() + i + 3) {
      decoded += static_cast<char>(byte);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

// What stands for "{id}" (empty when the pattern has none), or nothing when the path does not match.
std::optional<std::string> match(std::string_view pattern, std::string_view path) {
  const size_t brace = pattern.find('{');
  if (brace == std::string_view::npos) return path == pattern ? std::optional(std::string()) : std::nullopt;
  if (path.size() <= brace || !path.starts_with(pattern.substr(0, brace))) return {};
  return percent_decode(path.substr(brace));
}

}  // namespace

Route find_route(std::string_view method, std::string_view path) {
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  Route route;
  for (const Endpoint& endpoint : endpoints()) {
    auto argument = match(endpoint.path, path);
    if (!argument) continue;
    if (endpoint.method == method) return {&endpoint, std::move(*argument), {}};
    if (!route.allowed.empty()) route.allowed += ", ";
    route.allowed += endpoint.method;
  }
  return route;
}

}  // namespace estoc::api
