// Any bytes as a GGUF model: its vocabulary becomes a tokenizer that encodes and decodes, its shape is described, its
// end tokens and sampling are read; or it is refused with an Error.
#include <cstddef>
#include <cstdint>

#include "base/error.h"
#include "base/log.h"
#include "checkpoint/generation_defaults.h"
#include "checkpoint/gguf_vocab.h"
#include "models/family.h"
#include "models/model.h"
#include "weights/gguf_source.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  estoc::set_log_level(estoc::LogLevel::off);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const auto source =
        estoc::gguf_from_memory({reinterpret_cast<const std::byte*>(data), size}, "fuzz.gguf", estoc::naming_rules());
    const auto tokenizer = estoc::build_tokenizer(estoc::gguf_vocab(*source->metadata()));
    (void)tokenizer->decode(tokenizer->encode("Hello  world 123 <s> \xE2\x96\x81\xFF"));
    (void)estoc::generation_defaults(*source, *tokenizer);
    (void)estoc::describe_model(*source, estoc::ComputeMode::fast);
  } catch (const estoc::Error&) {
  }
  return 0;
}
