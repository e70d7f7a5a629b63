// The splitting rules GGUF files name in tokenizer.ggml.pre, and what else such a name implies.
#pragma once

#include <string_view>
#include <vector>

#include "tokenizer/pre_tokenizer.h"

namespace estoc {

struct NamedSplits {
  PreTokenizer pre_tokenizer;
  bool ignore_merges = false;
  bool adds_bos = false;  // unless the file says otherwise
};

// No name and "default" give the rule of files that name none, with a warning. Throws Error{unsupported} with `source`
// and the names there are when it is none of them.
NamedSplits splits_of_name(std::string_view name, std::string_view source);

std::vector<std::string_view> split_names();

}  // namespace estoc
