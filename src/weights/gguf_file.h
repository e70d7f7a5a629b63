// The parts of one GGUF file: metadata, and tensors as the file spells them. Nothing is translated here.
//
// Layout, little endian and without padding between fields (ggml's docs/gguf.md):
//   "GGUF" | u32 version | u64 tensors | u64 keys | keys and values | tensor infos | padding | data
// Versions 2 and 3 are read. Views point into the given bytes, which must outlive the result. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quant/format.h"
#include "weights/metadata.h"

namespace estoc {

struct GgufTensor {
  std::string_view name;
  const QuantFormat* format = nullptr;
  std::vector<int64_t> shape;  // outermost first: the file's order reversed
  std::span<const std::byte> bytes;
};

struct GgufFile {
  Metadata metadata;
  std::vector<GgufTensor> tensors;  // in file order
};

// Throws Error{corrupt_file, unsupported} in one sentence that starts with `file`.
GgufFile parse_gguf(std::span<const std::byte> bytes, const std::string& file);

// True when the bytes begin as a GGUF file of either byte order does.
bool has_gguf_magic(std::span<const std::byte> bytes);

}  // namespace estoc
