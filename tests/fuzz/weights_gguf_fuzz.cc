// Any bytes as a GGUF model: parsed and translated, or refused with an Error; then one row of every tensor is decoded.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "weights/gguf_source.h"
#include "weights/test_naming_rules.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  estoc::set_log_level(estoc::LogLevel::off);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const auto source = estoc::gguf_from_memory({reinterpret_cast<const std::byte*>(data), size}, "fuzz.gguf",
                                                estoc::test_naming_rules());
    std::vector<float> row;
    for (const estoc::WeightTensor& tensor : source->tensors()) {
      row.resize(static_cast<size_t>(tensor.columns()));
      tensor.decode_row(0, row.data());
      tensor.decode_row(tensor.rows() - 1, row.data());
    }
  } catch (const estoc::Error&) {
  }
  return 0;
}
