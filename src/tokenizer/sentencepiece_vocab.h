// A vocabulary of SentencePiece, as its .model files and some GGUF files hold it: pieces with scores and kinds, and how
// a text is normalised. Internal to the room.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/pipeline_tokenizer.h"

namespace estoc {

// tokenizer.ggml.token_type, as the GGUF specification numbers it; the same in SentencePiece.
enum TokenType : int32_t { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

struct SentencePieceVocab {
  std::string source;      // for messages
  bool is_unigram = true;  // else byte-pair merges by score
  std::vector<std::string_view> tokens;
  std::vector<float> scores;
  std::vector<int32_t> types;
  std::string_view chars_map;        // may be empty
  bool adds_space = true;            // in front of a text
  bool removes_extra_spaces = true;  // at both ends and in runs
  bool escapes_spaces = true;        // a space is U+2581
  std::optional<TokenId> unknown, bos, eos;
};

// Reads a .model file (a protobuf message); the views are into `bytes`. Throws Error{corrupt_file} for what is no such
// file or contradicts itself, Error{unsupported} for what we do not run.
SentencePieceVocab read_sentencepiece_model(std::string_view bytes, const std::string& source);

// All of a tokenizer but what goes around a text. Throws as above.
TokenizerParts sentencepiece_parts(const SentencePieceVocab& vocab);

}  // namespace estoc
