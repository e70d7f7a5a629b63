// The components of a tokenizer.json around the model. Each reader takes one component, adds what it says to the parts
// given, and throws Error{corrupt_file} for malformed ones and Error{unsupported} for kinds we do not run, naming them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "tokenizer/decoder.h"
#include "tokenizer/json_fields.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/pre_tokenizer.h"
#include "tokenizer/text_template.h"
#include "tokenizer/tokenizer.h"

namespace estoc {

Normalizer read_normalizer(const JsonFields& json);

struct ReadPreTokenizer {
  PreTokenizer pre_tokenizer;
  bool is_byte_level = false;  // the pieces are handed to the model as bytes
};
ReadPreTokenizer read_pre_tokenizer(const JsonFields& json);

TextTemplates read_post_processor(const JsonFields& json);

struct ReadDecoder {
  Decoder decoder;
  bool is_byte_level = false;
  bool strips_leading_space = false;  // of running text
  // A text is what its tokens add to running text, one after the other, but for that leading space.
  bool is_local = true;
};
ReadDecoder read_decoder(const JsonFields& json);
// Where there is none: the spelling says how it was made, and what does not is joined by spaces.
ReadDecoder decoder_without_json(bool is_byte_level);

std::optional<Truncation> read_truncation(const JsonFields& root);
std::optional<Padding> read_padding(const JsonFields& root);

// "unsupported <what> <type>" with the place.
[[noreturn]] void fail_unsupported(const JsonFields& json, std::string_view what);

// Components contain components; calls `read` for each of them. Throws for more than any file has, and deeper.
template <typename Read>
void for_each_component(const JsonFields& json, std::string_view key, int depth, const Read& read) {
  constexpr size_t kComponentsMax = 64;
  constexpr int kDepthMax = 8;
  const Json::Array& items = json.array(key);
  if (depth >= kDepthMax) fail_unsupported(json, "a Sequence in more than 8 others");
  if (items.size() > kComponentsMax) fail_unsupported(json, "a Sequence of more than 64 parts");
  for (const Json& item : items) read(JsonFields(item, json.where()), depth + 1);
}

}  // namespace estoc
