// WordPiece and WordLevel models of a tokenizer.json: words looked up, with or without cutting them.
#include "base/error.h"
#include "tokenizer/json_models.h"
#include "tokenizer/word_level_model.h"
#include "tokenizer/word_piece_model.h"

namespace estoc {
namespace {

// Calls `use(spelling, id)` for every token that text may become: no special ones, so that text never spells those.
template <typename Use>
void for_each_word(const JsonModelSource& source, const Use& use) {
  for (const auto& [spelling, json] : source.json.find("vocab")->as_object()) {
    const auto id = static_cast<TokenId>(json.as_int());
    // The last of two equal spellings counts.
    if (!source.is_special[static_cast<size_t>(id)] && source.spellings.find(spelling) == id) use(spelling, id);
  }
}

}  // namespace

std::unique_ptr<PieceModel> read_word_piece_model(const JsonModelSource& source) {
  WordPieceModel::Parts parts;
  parts.unknown = named_token(source, "unk_token", source.json.string_or("unk_token", "[UNK]"));
  const int64_t characters = source.json.integer_or("max_input_chars_per_word", 100);
  if (characters < 0) {
    fail(ErrorCode::corrupt_file, "{}: max_input_chars_per_word is {}, expected 0 or more", source.json.where(),
         characters);
  }
  parts.characters_max = static_cast<size_t>(characters);
  const std::string prefix = source.json.string_or("continuing_subword_prefix", "##");
  for_each_word(source, [&](const std::string& spelling, TokenId id) {
    parts.beginnings.insert(spelling, id);
    if (spelling.size() > prefix.size() && spelling.starts_with(prefix))
      parts.rests.insert(std::string_view(spelling).substr(prefix.size()), id);
  });
  return std::make_unique<WordPieceModel>(std::move(parts));
}

std::unique_ptr<PieceModel> read_word_level_model(const JsonModelSource& source) {
  TextTable words;
  for_each_word(source, [&](const std::string& spelling, TokenId id) { words.insert(spelling, id); });
  const TokenId unknown = named_token(source, "unk_token", source.json.string_or("unk_token", "<unk>"));
  return std::make_unique<WordLevelModel>(std::move(words), unknown);
}

}  // namespace estoc
