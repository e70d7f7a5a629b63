// The components of a tokenizer.json around the model. Each reader takes one component, adds what it says to the parts
// given, and throws Error{corrupt_file} for malformed ones and Error{unsupported} for kinds we do not run, naming them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "tokenizer/json_fields.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/pre_tokenizer.h"

namespace estoc {

Normalizer read_normalizer(const JsonFields& json);

struct ReadPreTokenizer {
  PreTokenizer pre_tokenizer;
  bool is_byte_level = false;  // the pieces are handed to the model as bytes
};
ReadPreTokenizer read_pre_tokenizer(const JsonFields& json);

// Ids that go before and after a text.
struct Surroundings {
  std::vector<TokenId> prefix, suffix;
};
Surroundings read_post_processor(const JsonFields& json);

// How a token's spelling becomes text.
struct DecodeRules {
  bool is_byte_level = false;
  bool has_byte_tokens = false;  // "<0x0A>" is a byte
  bool strips_leading_space = false;
  std::vector<std::pair<std::string, std::string>> replacements;  // in this order
};
DecodeRules read_decoder(const JsonFields& json);

// "unsupported <what> <type>" with the place.
[[noreturn]] void fail_unsupported(const JsonFields& json, std::string_view what);

}  // namespace estoc
