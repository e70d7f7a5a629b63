// Any bytes as a safetensors file: parsed, or refused with an Error; then the first and last row of every tensor that
// has rows are decoded.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/error.h"
#include "weights/safetensors_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const auto tensors = estoc::parse_safetensors({reinterpret_cast<const std::byte*>(data), size}, "fuzz.safetensors");
    std::vector<float> row;
    for (const estoc::WeightTensor& tensor : tensors) {
      if (tensor.bytes.empty()) continue;
      row.resize(static_cast<size_t>(tensor.columns()));
      tensor.decode_row(0, row.data());
      tensor.decode_row(tensor.rows() - 1, row.data());
    }
  } catch (const estoc::Error&) {
  }
  return 0;
}
