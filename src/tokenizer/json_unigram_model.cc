// Unigram models of a tokenizer.json.
#include <algorithm>
#include <limits>

#include "base/error.h"
#include "tokenizer/json_models.h"
#include "tokenizer/unigram_model.h"

namespace estoc {
namespace {

constexpr double kUnknownPenalty = 10;  // below the lowest score

}  // namespace

std::unique_ptr<PieceModel> read_unigram_model(const JsonModelSource& source) {
  const Json::Array& vocab = source.json.array("vocab");
  UnigramModel::Parts parts;
  double lowest = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < vocab.size(); ++i) {
    const std::string& spelling = vocab[i].as_array()[0].as_string();
    const double score = vocab[i].as_array()[1].as_double();
    const auto id = static_cast<TokenId>(i);
    parts.scores.push_back(score);
    lowest = std::min(lowest, score);
    // Special tokens are left out, so that text never spells one by accident; of two equal spellings the last counts.
    if (spelling.empty() || source.is_special[i] || source.spellings.find(spelling) != id) continue;
    parts.tokens.insert(spelling, id);
  }
  parts.unknown_score = lowest - kUnknownPenalty;
  if (source.json.find("unk_id") != nullptr) {
    const int64_t unknown = source.json.integer("unk_id");
    if (unknown < 0 || unknown >= static_cast<int64_t>(vocab.size()))
      fail(ErrorCode::corrupt_file, "{}: unk_id is {}, expected an id below {}", source.json.where(), unknown,
           vocab.size());
    parts.unknown = static_cast<TokenId>(unknown);
  }
  if (source.json.flag_or("byte_fallback", false)) {
    for (int byte = 0; byte < 256; ++byte) {
      parts.byte_tokens[static_cast<size_t>(byte)] =
          source.spellings.find(fmt::format("<0x{:02X}>", byte)).value_or(-1);
    }
  }
  return std::make_unique<UnigramModel>(std::move(parts));
}

}  // namespace estoc
