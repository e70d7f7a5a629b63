// From a vocabulary of SentencePiece to the parts of a tokenizer.
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "base/error.h"
#include "tokenizer/bpe_model.h"
#include "tokenizer/score_merges.h"
#include "tokenizer/sentencepiece_normalizer.h"
#include "tokenizer/sentencepiece_vocab.h"
#include "tokenizer/spelled_byte.h"
#include "tokenizer/text_replace.h"
#include "tokenizer/token_limits.h"
#include "tokenizer/unigram_model.h"

namespace estoc {
namespace {

constexpr std::string_view kMark = "\xE2\x96\x81";  // U+2581 stands for a space
constexpr float kUnknownPenalty = 10;               // below the lowest score
// Of each byte of a user-defined token, less one; where the path came from decides between cuts that are equal. Found by
// comparing with PyPI's sentencepiece 0.2.3.
constexpr float kUserDefinedScore = 0.1f;

class PartsBuilder {
 public:
  explicit PartsBuilder(const SentencePieceVocab& vocab) : vocab_(vocab) {}

  TokenizerParts build() {
    check();
    add_tokens();
    parts_.model = vocab_.is_unigram ? unigram() : byte_pairs();
    auto normalizer = std::make_shared<SentencePieceNormalizer>();
    if (!vocab_.chars_map.empty()) normalizer->map.emplace(vocab_.chars_map, vocab_.source);
    normalizer->kept = std::move(kept_);
    normalizer->adds_space = vocab_.adds_space;
    normalizer->removes_extra_spaces = vocab_.removes_extra_spaces;
    normalizer->escapes_spaces = vocab_.escapes_spaces;
    parts_.normalizer.add([normalizer](std::string text) { return normalizer->apply(text); });
    parts_.bos = vocab_.bos;
    parts_.eos = vocab_.eos;
    parts_.strips_leading_space = vocab_.adds_space;
    return std::move(parts_);
  }

 private:
  void check() const {
    for (size_t id = 0; id < vocab_.tokens.size(); ++id) {
      if (std::isnan(vocab_.scores[id]))
        fail(ErrorCode::corrupt_file, "{}: the score of token {} is not a number", vocab_.source, id);
      if (vocab_.tokens[id].size() > kTokenBytesMax)
        fail(ErrorCode::corrupt_file, "{}: token {} is {} bytes long, expected at most {}", vocab_.source, id,
             vocab_.tokens[id].size(), kTokenBytesMax);
    }
  }

  void add_tokens() {
    const size_t count = vocab_.tokens.size();
    parts_.token_bytes.resize(count);
    parts_.is_special.resize(count);
    parts_.spellings.reserve(count);
    bytes_.fill(-1);
    for (size_t id = 0; id < count; ++id) {
      const auto token = static_cast<TokenId>(id);
      const std::string_view spelling = vocab_.tokens[id];
      const int32_t type = vocab_.types[id];
      parts_.spellings.insert(spelling, token);
      parts_.is_special[id] = type == control || type == unknown;
      const auto spelled = type == byte ? spelled_byte(spelling) : std::nullopt;
      if (spelled) bytes_[*spelled] = token;
      if (parts_.is_special[id]) {
        parts_.raw_tokens.add(spelling, {.id = token, .is_special = true});
        parts_.token_bytes[id] = spelling;
      } else {
        parts_.token_bytes[id] =
            spelled ? std::string(1, static_cast<char>(*spelled)) : replace_all(spelling, kMark, " ");
      }
      if (type != user_defined || spelling.empty()) continue;
      kept_.insert(spelling, token);
      // Merges never cross such a token; what Unigram weighs is its score.
      if (!vocab_.is_unigram) parts_.normalized_tokens.add(spelling, {.id = token});
    }
  }

  std::unique_ptr<PieceModel> byte_pairs() const {
    BpeModel::Parts model;
    model.vocab_count = static_cast<int>(vocab_.tokens.size());
    model.unknown = vocab_.unknown;
    model.fuse_unknown = true;
    model.byte_tokens = bytes_;
    std::vector<ScoredToken> scored;
    for (size_t id = 0; id < vocab_.tokens.size(); ++id) {
      if (vocab_.types[id] == normal)
        scored.push_back({static_cast<TokenId>(id), vocab_.tokens[id], vocab_.scores[id]});
    }
    add_score_merges(scored, vocab_.source, model);
    return std::make_unique<BpeModel>(std::move(model));
  }

  std::unique_ptr<PieceModel> unigram() const {
    UnigramModel::Parts model;
    model.is_sentencepiece = true;
    model.unknown = vocab_.unknown;
    model.byte_tokens = bytes_;
    float lowest = std::numeric_limits<float>::max(), highest = kUserDefinedScore;
    for (size_t id = 0; id < vocab_.tokens.size(); ++id) {
      if (vocab_.types[id] != normal) continue;
      lowest = std::min(lowest, vocab_.scores[id]);
      highest = std::max(highest, vocab_.scores[id]);
    }
    model.unknown_score = lowest - kUnknownPenalty;
    model.scores.assign(vocab_.scores.begin(), vocab_.scores.end());
    for (size_t id = 0; id < vocab_.tokens.size(); ++id) {
      const std::string_view spelling = vocab_.tokens[id];
      const int32_t type = vocab_.types[id];
      if (spelling.empty() || (type != normal && type != user_defined)) continue;
      // A user-defined token beats whatever else its characters could be.
      if (type == user_defined) {
        model.scores[id] = static_cast<float>(spelling.size()) * highest - kUserDefinedScore;
      }
      model.tokens.insert(spelling, static_cast<TokenId>(id));
    }
    return std::make_unique<UnigramModel>(std::move(model));
  }

  const SentencePieceVocab& vocab_;
  TokenizerParts parts_;
  ByteTrie kept_;
  std::array<TokenId, 256> bytes_;
};

}  // namespace

TokenizerParts sentencepiece_parts(const SentencePieceVocab& vocab) { return PartsBuilder(vocab).build(); }

}  // namespace estoc
