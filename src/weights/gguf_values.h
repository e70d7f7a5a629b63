// Reads the key/value section of a GGUF file.
#pragma once

#include <cstdint>

#include "weights/byte_reader.h"
#include "weights/metadata.h"

namespace estoc {

// Reads `count` pairs into `metadata` (whose `source` names the file). Throws Error{corrupt_file, unsupported}.
void read_gguf_values(ByteReader& reader, uint64_t count, Metadata& metadata);

}  // namespace estoc
