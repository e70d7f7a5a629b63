// Lines typed by a person at the terminal. Nothing at the end of the input and on Ctrl-C at an empty prompt.
#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <utility>

namespace estoc {

class LineInput {
 public:
  // `prompt` is shown on `screen` before each line.
  LineInput(std::FILE* screen, std::string prompt) : screen_(screen), prompt_(std::move(prompt)) {}
  std::optional<std::string> read();

 private:
  std::FILE* screen_;
  std::string prompt_;
  std::string pending_;  // read but not yet returned
};

}  // namespace estoc
