// A tokenizer.json of any bytes either loads or is refused with Error; one that loads encodes and decodes any text.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "tokenizer/stream.h"
#include "tokenizer/tokenizer.h"

// The input is the file, then a zero byte, then the text (everything is the file when there is no zero byte).
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = input.find('\0');
  const std::string_view file = input.substr(0, end);
  std::string text = "Hello world 123  \xE2\x96\x81\xF0\x9F\x98\x80\xFF it's <s>";
  if (end != std::string_view::npos) text = input.substr(end + 1);
  try {
    const auto tokenizer = estoc::parse_tokenizer_json(file, "", "fuzz");
    for (const bool parse_special : {true, false}) {
      const auto ids = tokenizer->encode(text, {.add_special = true, .parse_special = parse_special});
      (void)tokenizer->decode(ids, parse_special);
      estoc::TokenStream stream(*tokenizer, !parse_special);
      stream.continue_after(ids);
      for (const estoc::TokenId id : ids) (void)stream.push(id);
      (void)stream.finish();
    }
  } catch (const estoc::Error&) {
  }
  return 0;
}
