#include "api/client_name.h"

#include <fmt/format.h>

#include <random>
#include <span>

#include "base/xxh64.h"

namespace estoc::api {
namespace {

uint64_t process_seed() {
  static const uint64_t seed = [] {
    std::random_device device;
    return (uint64_t{device()} << 32) | device();
  }();
  return seed;
}

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

}  // namespace

std::string client_name(std::string_view authorization, std::string_view user) {
  std::string_view key = trimmed(authorization);
  if (const size_t space = key.find(' '); space != std::string_view::npos) key = trimmed(key.substr(space));
  if (!key.empty()) return fmt::format("key:{:016x}", xxh64(std::as_bytes(std::span(key)), process_seed()));
  return user.empty() ? std::string() : fmt::format("user:{}", user);
}

}  // namespace estoc::api
