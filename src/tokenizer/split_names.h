// The splitting rules GGUF files name in tokenizer.ggml.pre, and what else such a name implies.
#pragma once

#include <string_view>

#include "tokenizer/pre_tokenizer.h"

namespace estoc {

struct NamedSplits {
  PreTokenizer pre_tokenizer;
  bool ignore_merges = false;
  bool adds_bos = false;  // unless the file says otherwise
};

// Throws Error{unsupported} with `source` and the name when it is none of ours.
NamedSplits splits_of_name(std::string_view name, std::string_view source);

}  // namespace estoc
