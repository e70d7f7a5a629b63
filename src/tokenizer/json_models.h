// The kinds of models that a tokenizer.json may have. Internal to the room.
//
// Each kind is a file json_<kind>_model.cc with a reader, and a line in kModelKinds (json_models.cc). A reader throws
// Error{corrupt_file} for what contradicts itself and Error{unsupported} for what we do not run, naming it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/flat_table.h"
#include "tokenizer/json_fields.h"
#include "tokenizer/piece_model.h"

namespace estoc {

// What a reader is given: the object "model" and what was read of its vocabulary before.
struct JsonModelSource {
  const JsonFields& json;
  const std::string& source;            // the file, for messages
  const TextTable& spellings;           // ids of all tokens, added ones too
  const std::vector<bool>& is_special;  // by id
  bool is_byte_level = false;           // pieces come as raw bytes
  int vocab_count() const { return static_cast<int>(is_special.size()); }
};

struct JsonModelKind {
  std::string_view name;
  bool has_list = false;  // "vocab" is a list of [spelling, score], else an object of ids
  // Whether behind ByteLevel the model takes raw bytes; else it gets their byte-level spelling.
  bool (*takes_bytes)(const JsonFields& json);
  std::unique_ptr<PieceModel> (*read)(const JsonModelSource& source);
};

// The kind of a "model" object; older files leave its name out. Throws Error{unsupported}, naming a kind we do not run.
const JsonModelKind& model_kind_of(const JsonFields& json, const std::string& source);

// The id of a token that a model needs, by its key: "unk_token". Throws when it is not in the vocabulary.
TokenId named_token(const JsonModelSource& source, std::string_view key, const std::string& spelling);

bool bpe_takes_bytes(const JsonFields& json);
std::unique_ptr<PieceModel> read_bpe_model(const JsonModelSource& source);
std::unique_ptr<PieceModel> read_unigram_model(const JsonModelSource& source);
std::unique_ptr<PieceModel> read_word_piece_model(const JsonModelSource& source);
std::unique_ptr<PieceModel> read_word_level_model(const JsonModelSource& source);

}  // namespace estoc
