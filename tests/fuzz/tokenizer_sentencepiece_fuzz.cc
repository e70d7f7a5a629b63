// A SentencePiece .model of any bytes either loads or is refused with Error; one that loads encodes and decodes any
// text. So does a file of tiktoken's ranks.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "tokenizer/tokenizer.h"

namespace {

constexpr std::string_view kPattern = R"({"pat_str": "\\p{L}+|\\s+|[^\\p{L}\\s]+"})";

void use(const estoc::Tokenizer& tokenizer, std::string_view text) {
  for (const bool has_special : {true, false}) {
    const auto ids = tokenizer.encode(text, {.add_special = has_special, .parse_special = has_special});
    (void)tokenizer.decode(ids, has_special);
  }
}

}  // namespace

// The first byte is the length of the text behind it; the rest is the file.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t text_bytes = std::min<size_t>(static_cast<unsigned char>(input[0]), size - 1);
  const std::string_view text = input.substr(1, text_bytes), file = input.substr(1 + text_bytes);
  try {
    use(*estoc::parse_sentencepiece(file, "", "fuzz"), text);
  } catch (const estoc::Error&) {
  }
  try {
    use(*estoc::parse_tiktoken(file, kPattern, "fuzz"), text);
  } catch (const estoc::Error&) {
  }
  return 0;
}
