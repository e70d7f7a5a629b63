// The vocabulary inside a GGUF file's metadata, as the tokenizer wants it. Views stay valid as long as the metadata.
// Throws Error{corrupt_file} when keys are missing or of another kind.
#pragma once

#include "tokenizer/tokenizer.h"
#include "weights/metadata.h"

namespace estoc {

GgufVocab gguf_vocab(const Metadata& metadata);

}  // namespace estoc
