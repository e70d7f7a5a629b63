// The tokens of a tokenizer.json: what the model's vocabulary and the added tokens say of spellings, ids and text.
// Internal to the room. Throws Error{corrupt_file}, naming file and entry.
#pragma once

#include <string>
#include <string_view>

#include "tokenizer/json_components.h"
#include "tokenizer/json_models.h"
#include "tokenizer/pipeline_tokenizer.h"

namespace estoc {

class JsonVocabReader {
 public:
  // Fills in spellings, texts and added tokens of `parts`, whose normalizer is read already.
  JsonVocabReader(const std::string& source, const ReadDecoder& decoder, TokenizerParts& parts)
      : source_(source), decoder_(decoder), parts_(parts) {}

  void read_model_tokens(const JsonFields& model, const JsonModelKind& kind);
  void read_added_tokens(const JsonFields& root);

 private:
  void add(std::string_view spelling, TokenId id, bool is_added);
  TokenId checked_id(const Json& json, size_t entries) const;

  const std::string& source_;
  const ReadDecoder& decoder_;
  TokenizerParts& parts_;
};

}  // namespace estoc
