#include "checkpoint/gguf_vocab.h"

#include "base/error.h"
#include "weights/gguf_token_ids.h"

namespace estoc {
namespace {

std::optional<TokenId> token_id(const Metadata& metadata, std::string_view key) {
  const auto id = gguf_token_id(metadata, key);
  return id ? std::optional(static_cast<TokenId>(*id)) : std::nullopt;
}

std::vector<int32_t> token_types(const Metadata& metadata) {
  constexpr int64_t kTypeMax = 6;
  std::vector<int32_t> types;
  for (const int64_t type : metadata.get_ints("tokenizer.ggml.token_type").value_or(std::vector<int64_t>())) {
    if (type < 0 || type > kTypeMax) {
      fail(ErrorCode::corrupt_file, "{}: tokenizer.ggml.token_type has the type {}, expected 0 to {}", metadata.source,
           type, kTypeMax);
    }
    types.push_back(static_cast<int32_t>(type));
  }
  return types;
}

}  // namespace

GgufVocab gguf_vocab(const Metadata& metadata) {
  const auto* tokens = metadata.get_strings("tokenizer.ggml.tokens");
  const auto model = metadata.get_string("tokenizer.ggml.model");
  if (tokens == nullptr || !model) {
    fail(ErrorCode::corrupt_file, "{}: has no vocabulary (tokenizer.ggml.model and tokenizer.ggml.tokens)",
         metadata.source);
  }
  GgufVocab vocab;
  vocab.source = metadata.source;
  vocab.model = *model;
  vocab.pre = metadata.get_string("tokenizer.ggml.pre").value_or("");
  vocab.tokens = *tokens;
  if (const auto scores = metadata.get_doubles("tokenizer.ggml.scores"))
    vocab.scores.assign(scores->begin(), scores->end());
  vocab.types = token_types(metadata);
  if (const auto* merges = metadata.get_strings("tokenizer.ggml.merges")) vocab.merges = *merges;
  vocab.bos = token_id(metadata, "tokenizer.ggml.bos_token_id");
  vocab.eos = token_id(metadata, "tokenizer.ggml.eos_token_id");
  vocab.unknown = token_id(metadata, "tokenizer.ggml.unknown_token_id");
  vocab.cls = token_id(metadata, "tokenizer.ggml.cls_token_id");
  vocab.separator = token_id(metadata, "tokenizer.ggml.seperator_token_id");
  vocab.add_bos = metadata.get_bool("tokenizer.ggml.add_bos_token");
  vocab.add_eos = metadata.get_bool("tokenizer.ggml.add_eos_token");
  vocab.add_space_prefix = metadata.get_bool("tokenizer.ggml.add_space_prefix");
  vocab.remove_extra_whitespaces = metadata.get_bool("tokenizer.ggml.remove_extra_whitespaces");
  for (const int64_t byte : metadata.get_ints("tokenizer.ggml.precompiled_charsmap").value_or(std::vector<int64_t>()))
    vocab.chars_map.push_back(static_cast<char>(byte));
  return vocab;
}

}  // namespace estoc
