#include "tokenizer/decoder.h"

namespace estoc {

std::string Decoder::decode(std::vector<std::string> tokens) const {
  for (const auto& step : steps_) step->decode(tokens);
  std::string text;
  for (const std::string& token : tokens) text += token;
  return text;
}

std::string Decoder::run(std::string_view spelling) const {
  std::string text(spelling);
  for (const auto& step : steps_) step->run(text);
  return text;
}

}  // namespace estoc
