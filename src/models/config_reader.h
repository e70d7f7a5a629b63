// Typed reading of config.json with errors that name the file and the key. Pure functions.
// All throw Error{corrupt_file}: "x/config.json: 'hidden_size' is missing", "... is 0, expected 1 .. 1048576".
#pragma once

#include <string>
#include <string_view>

#include "weights/weight_source.h"

namespace estoc {

class ConfigReader {
 public:
  explicit ConfigReader(const WeightSource& source) : source_(source) {}

  // An integer within [low, high]; `fallback` < low means the key is required.
  int integer(std::string_view key, int low, int high, int fallback = -1) const;
  double number(std::string_view key, double fallback) const;
  bool boolean(std::string_view key, bool fallback) const;
  std::string text(std::string_view key, std::string_view fallback) const;

 private:
  const Json* present(std::string_view key) const;  // nullptr when absent or null
  const WeightSource& source_;
};

}  // namespace estoc
