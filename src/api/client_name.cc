#include "api/client_name.h"

#include <fmt/format.h>

#include <span>
#include <string>

#include "base/keyed_hash.h"

namespace estoc::api {
namespace {

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

// Names lie in more places than keys should: from this one nobody can guess the key.
std::string name_of_key(std::string_view key) {
  static const HashKey hash_key = random_hash_key();
  return fmt::format("key:{:02x}", fmt::join(keyed_hash(hash_key, std::as_bytes(std::span(key))), ""));
}

}  // namespace

std::string client_name(std::string_view authorization, std::string_view user) {
  std::string_view key = trimmed(authorization);
  if (const size_t space = key.find(' '); space != std::string_view::npos) key = trimmed(key.substr(space));
  if (!key.empty()) return name_of_key(key);
  return user.empty() ? std::string() : fmt::format("user:{}", user);
}

std::string cache_salt(const std::string& client, std::string_view asked) {
  const bool has_key = client.starts_with("key:");
  if (!has_key && asked.empty()) return {};
  return fmt::format("{}/{}", has_key ? std::string_view(client) : std::string_view(), asked);
}

}  // namespace estoc::api
