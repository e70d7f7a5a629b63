#include "load/target.h"

#include "base/error.h"

namespace estoc {

Target parse_target(std::string_view text) {
  const size_t scheme = text.find("http://");
  const bool is_named = scheme != std::string_view::npos && scheme > 0 && text[scheme - 1] == '=';
  const auto url = http::parse_url(is_named ? text.substr(scheme) : text);
  if (!url) {
    fail(ErrorCode::invalid_argument, "--url: '{}' is no server; expected [NAME=]http://HOST[:PORT]", text);
  }
  Target target;
  target.server = url->server;
  if (is_named) target.name = text.substr(0, scheme - 1);
  if (target.name.empty()) target.name = target.server.authority();
  target.prefix = url->path;
  if (target.prefix.ends_with("/v1")) target.prefix.resize(target.prefix.size() - 3);
  return target;
}

void find_address(Target& target) {
  try {
    http::find_address(target.server);
  } catch (const Error& error) {
    fail(error.code(), "{}: {}", target.name, error.what());
  }
}

}  // namespace estoc
