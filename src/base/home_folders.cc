#include "base/home_folders.h"

#include <cstdlib>

namespace estoc {
namespace {

std::string environment_value(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

}  // namespace

std::string home_directory() {
  const std::string home = environment_value("HOME");
  return home.empty() ? "." : home;
}

std::string cache_directory() {
  if (const std::string own = environment_value("ESTOC_CACHE"); !own.empty()) return own;
  if (const std::string xdg = environment_value("XDG_CACHE_HOME"); !xdg.empty()) return xdg + "/estoc";
  return home_directory() + "/.cache/estoc";
}

}  // namespace estoc
