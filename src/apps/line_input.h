// Lines typed by a person, or piped in. Nothing at the end of the input and on Ctrl-C at an empty prompt.
#pragma once

#include <optional>
#include <string>

namespace estoc {

class LineInput {
 public:
  explicit LineInput(std::string prompt) : prompt_(std::move(prompt)) {}
  std::optional<std::string> read();

 private:
  std::string prompt_;   // shown on a terminal only
  std::string pending_;  // read but not yet returned
};

}  // namespace estoc
