// Tokenizers from the vocabulary inside a GGUF file: build_tokenizer.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "tokenizer/bert_normalizer.h"
#include "tokenizer/bpe_model.h"
#include "tokenizer/byte_level.h"
#include "tokenizer/end_spellings.h"
#include "tokenizer/pipeline_tokenizer.h"
#include "tokenizer/score_merges.h"
#include "tokenizer/sentencepiece_vocab.h"
#include "tokenizer/spelled_byte.h"
#include "tokenizer/split_names.h"
#include "tokenizer/text_replace.h"
#include "tokenizer/token_limits.h"
#include "tokenizer/word_piece_model.h"

namespace estoc {
namespace {

constexpr std::string_view kMark = "\xE2\x96\x81";  // U+2581 stands for a space

int32_t type_of(const GgufVocab& vocab, size_t id) {
  const auto is = [&](std::optional<TokenId> token) { return token && static_cast<size_t>(*token) == id; };
  const int32_t type = vocab.types.empty() ? normal : vocab.types[id];
  if (type == normal && is_control_spelling(vocab.tokens[id])) return control;
  if (!vocab.types.empty()) return type;
  return is(vocab.bos) || is(vocab.eos) ? control : is(vocab.unknown) ? unknown : normal;
}

void check_vocab(const GgufVocab& vocab) {
  const size_t count = vocab.tokens.size();
  if (count == 0 || count > (size_t{1} << 24)) {
    fail(ErrorCode::corrupt_file, "{}: tokenizer.ggml.tokens has {} entries, expected 1 to 2^24", vocab.source, count);
  }
  for (size_t id = 0; id < count; ++id) {
    if (vocab.tokens[id].size() <= kTokenBytesMax) continue;
    fail(ErrorCode::corrupt_file, "{}: tokenizer.ggml.tokens: token {} is {} bytes long, expected at most {}",
         vocab.source, id, vocab.tokens[id].size(), kTokenBytesMax);
  }
  const auto check_count = [&](const char* key, size_t found) {
    if (found != 0 && found != count) {
      fail(ErrorCode::corrupt_file, "{}: tokenizer.ggml.{} has {} entries for {} tokens", vocab.source, key, found,
           count);
    }
  };
  check_count("scores", vocab.scores.size());
  check_count("token_type", vocab.types.size());
  const auto check_id = [&](const char* key, std::optional<TokenId> id) {
    if (id && (*id < 0 || static_cast<size_t>(*id) >= count)) {
      fail(ErrorCode::corrupt_file, "{}: tokenizer.ggml.{}_token_id is {}, expected an id below {}", vocab.source, key,
           *id, count);
    }
  };
  check_id("bos", vocab.bos);
  check_id("eos", vocab.eos);
  check_id("unknown", vocab.unknown);
  check_id("cls", vocab.cls);
  check_id("seperator", vocab.separator);
}

// What both kinds share: spellings, special tokens, and what goes around a text.
TokenizerParts start_parts(const GgufVocab& vocab, bool adds_bos) {
  TokenizerParts parts;
  const size_t count = vocab.tokens.size();
  parts.token_bytes.resize(count);
  parts.is_special.resize(count);
  parts.spellings.reserve(count);
  for (size_t id = 0; id < count; ++id) {
    const int32_t type = type_of(vocab, id);
    const auto token = static_cast<TokenId>(id);
    parts.spellings.insert(vocab.tokens[id], token);
    parts.is_special[id] = type == control || type == unknown;
    if (parts.is_special[id] || type == user_defined) {
      parts.raw_tokens.add(vocab.tokens[id], {.id = token, .is_special = parts.is_special[id]});
      parts.token_bytes[id] = vocab.tokens[id];
    }
  }
  parts.bos = vocab.bos;
  parts.eos = vocab.eos;
  if (vocab.bos && vocab.add_bos.value_or(adds_bos)) put_before(parts.templates, *vocab.bos);
  if (vocab.eos && vocab.add_eos.value_or(false)) put_after(parts.templates, *vocab.eos);
  return parts;
}

BpeModel::Parts start_bpe(const GgufVocab& vocab) {
  BpeModel::Parts model;
  model.vocab_count = static_cast<int>(vocab.tokens.size());
  model.unknown = vocab.unknown;
  return model;
}

// A merge that makes or needs a special token is left out: text never spells one by accident. text_of(spelling) is what
// a token is found by, or nothing.
template <typename TextOf>
void add_merges(const GgufVocab& vocab, const TokenizerParts& parts, TextOf&& text_of, BpeModel::Parts& model) {
  model.merges.reserve(vocab.merges.size());
  for (size_t rank = 0; rank < vocab.merges.size(); ++rank) {
    const std::string_view merge = vocab.merges[rank];
    const size_t space = merge.find(' ', 1);
    if (space == std::string_view::npos) {
      fail(ErrorCode::corrupt_file,
           "{}: tokenizer.ggml.merges: merge {} is \"{}\", expected two tokens with a space "
           "between",
           vocab.source, rank, merge.substr(0, 100));
    }
    const std::string_view left = merge.substr(0, space), right = merge.substr(space + 1);
    std::optional<std::string> text = text_of(left);
    const std::optional<std::string> right_text = text_of(right);
    const auto left_id = text ? model.texts.find(*text) : std::nullopt;
    const auto right_id = right_text ? model.texts.find(*right_text) : std::nullopt;
    const auto merged = text && right_text ? model.texts.find(text->append(*right_text)) : std::nullopt;
    const auto is_token = [&](std::string_view spelling) { return parts.spellings.find(spelling).has_value(); };
    if (left_id && right_id && merged) {
      model.merges.insert(*left_id, *right_id, {static_cast<uint32_t>(rank), *merged});
    } else if (!is_token(left) || !is_token(right) || !is_token(std::string(left).append(right))) {
      fail(ErrorCode::corrupt_file,
           "{}: tokenizer.ggml.merges: merge {} (\"{}\") names a token that is not in the vocabulary", vocab.source,
           rank, merge.substr(0, 100));
    }
  }
}

void require_merges(const GgufVocab& vocab) {
  if (!vocab.merges.empty()) return;
  fail(ErrorCode::corrupt_file, "{}: tokenizer.ggml.merges is missing or empty, which a \"{}\" vocabulary needs",
       vocab.source, vocab.model);
}

std::unique_ptr<Tokenizer> build_byte_level(const GgufVocab& vocab) {
  NamedSplits splits = splits_of_name(vocab.pre, vocab.source);
  TokenizerParts parts = start_parts(vocab, splits.adds_bos);
  BpeModel::Parts model = start_bpe(vocab);
  model.by_bytes = true;
  model.ignore_merges = splits.ignore_merges;
  model.texts.reserve(vocab.tokens.size());
  bool needs_merges = false;
  for (size_t id = 0; id < vocab.tokens.size(); ++id) {
    const int32_t type = type_of(vocab, id);
    if (parts.is_special[id] || type == user_defined) continue;
    if (auto bytes = bytes_of_spelling(vocab.tokens[id])) {
      model.texts.insert(*bytes, static_cast<TokenId>(id));
      needs_merges |= bytes->size() > 1;
      parts.token_bytes[id] = std::move(*bytes);
    } else {
      parts.token_bytes[id] = vocab.tokens[id];
    }
  }
  if (needs_merges) require_merges(vocab);
  parts.pre_tokenizer = std::move(splits.pre_tokenizer);
  add_merges(vocab, parts, bytes_of_spelling, model);
  parts.model = std::make_unique<BpeModel>(std::move(model));
  return std::make_unique<PipelineTokenizer>(std::move(parts));
}

// The spelling of a token that stands for a byte, for a piece of text, or for itself. True for pieces of text.
bool set_bytes(const GgufVocab& vocab, size_t id, TokenizerParts& parts, BpeModel::Parts& model) {
  const std::string_view spelling = vocab.tokens[id];
  const int32_t type = type_of(vocab, id);
  const auto spelled = vocab.types.empty() || type == byte ? spelled_byte(spelling) : std::nullopt;
  if (spelled) {
    model.byte_tokens[*spelled] = static_cast<TokenId>(id);
    parts.token_bytes[id] = std::string(1, static_cast<char>(*spelled));
    return false;
  }
  if (parts.is_special[id] || type == byte) return false;
  parts.token_bytes[id] = replace_all(spelling, kMark, " ");
  return type != user_defined;
}

// Gemma 4's: merges over the characters of a text that has U+2581 for spaces, with bytes for unknown characters.
std::unique_ptr<Tokenizer> build_marked(const GgufVocab& vocab) {
  require_merges(vocab);
  TokenizerParts parts = start_parts(vocab, true);
  BpeModel::Parts model = start_bpe(vocab);
  model.texts.reserve(vocab.tokens.size());
  for (size_t id = 0; id < vocab.tokens.size(); ++id) {
    if (set_bytes(vocab, id, parts, model)) model.texts.insert(vocab.tokens[id], static_cast<TokenId>(id));
  }
  add_merges(vocab, parts, [](std::string_view spelling) { return std::optional(std::string(spelling)); }, model);
  parts.model = std::make_unique<BpeModel>(std::move(model));
  parts.normalizer.add([](std::string text) { return replace_all(text, " ", kMark); });
  return std::make_unique<PipelineTokenizer>(std::move(parts));
}

std::unique_ptr<Tokenizer> build_sentencepiece(const GgufVocab& vocab) {
  if (vocab.scores.empty()) {
    fail(ErrorCode::corrupt_file, "{}: tokenizer.ggml.scores is missing, which a \"llama\" vocabulary needs",
         vocab.source);
  }
  TokenizerParts parts = start_parts(vocab, true);
  BpeModel::Parts model = start_bpe(vocab);
  std::vector<ScoredToken> scored;
  for (size_t id = 0; id < vocab.tokens.size(); ++id) {
    if (std::isnan(vocab.scores[id]))
      fail(ErrorCode::corrupt_file, "{}: tokenizer.ggml.scores: the score of token {} is not a number", vocab.source,
           id);
    if (set_bytes(vocab, id, parts, model)) {
      scored.push_back({static_cast<TokenId>(id), vocab.tokens[id], vocab.scores[id]});
    }
  }
  add_score_merges(scored, vocab.source, model);
  parts.model = std::make_unique<BpeModel>(std::move(model));
  const bool adds_space = vocab.add_space_prefix.value_or(true);
  parts.normalizer.add([adds_space](std::string text) {
    if (adds_space) text.insert(0, 1, ' ');
    return replace_all(text, " ", kMark);
  });
  parts.strips_leading_space = adds_space;
  return std::make_unique<PipelineTokenizer>(std::move(parts));
}

std::unique_ptr<Tokenizer> build_unigram(const GgufVocab& vocab) {
  if (vocab.scores.empty()) {
    fail(ErrorCode::corrupt_file, "{}: tokenizer.ggml.scores is missing, which a \"t5\" vocabulary needs",
         vocab.source);
  }
  SentencePieceVocab pieces{.source = vocab.source,
                            .tokens = vocab.tokens,
                            .scores = vocab.scores,
                            .types = {},
                            .chars_map = vocab.chars_map,
                            .adds_space = vocab.add_space_prefix.value_or(true),
                            .removes_extra_spaces = vocab.remove_extra_whitespaces.value_or(true),
                            .unknown = vocab.unknown,
                            .bos = vocab.bos,
                            .eos = vocab.eos};
  for (size_t id = 0; id < vocab.tokens.size(); ++id) pieces.types.push_back(type_of(vocab, id));
  TokenizerParts parts = sentencepiece_parts(pieces);
  if (vocab.bos && vocab.add_bos.value_or(false)) put_before(parts.templates, *vocab.bos);
  if (vocab.eos && vocab.add_eos.value_or(true)) put_after(parts.templates, *vocab.eos);
  return std::make_unique<PipelineTokenizer>(std::move(parts));
}

// A token that begins a word is written behind U+2581, one that goes on bare. The files do not say whether a vocabulary
// tells upper case: one that has no token with it was trained without.
std::unique_ptr<Tokenizer> build_word_piece(const GgufVocab& vocab) {
  TokenizerParts parts = start_parts(vocab, false);
  WordPieceModel::Parts model;
  BertRules rules{.strip_accents = false, .lowercase = false};
  bool has_upper = false;
  for (size_t id = 0; id < vocab.tokens.size(); ++id) {
    const int32_t type = type_of(vocab, id);
    if (parts.is_special[id] || type == user_defined) continue;
    const std::string_view spelling = vocab.tokens[id];
    const bool begins = spelling.size() > kMark.size() && spelling.starts_with(kMark);
    const std::string_view text = begins ? spelling.substr(kMark.size()) : spelling;
    parts.token_bytes[id] = std::string(begins ? " " : "").append(text);
    if (text.empty()) continue;
    (begins ? model.beginnings : model.rests).insert(text, static_cast<TokenId>(id));
    has_upper = has_upper || std::ranges::any_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
  }
  rules.strip_accents = rules.lowercase = !has_upper;
  const auto unknown = vocab.unknown ? vocab.unknown : parts.spellings.find("[UNK]");
  if (!unknown) {
    fail(ErrorCode::corrupt_file, "{}: tokenizer.ggml.unknown_token_id is missing, which a \"bert\" vocabulary needs",
         vocab.source);
  }
  model.unknown = *unknown;
  parts.model = std::make_unique<WordPieceModel>(std::move(model));
  parts.normalizer.add([rules](std::string text) { return bert_normalized(text, rules); });
  parts.pre_tokenizer.add_splitter(make_class_splitter(kSpaceClass, {SplitBehavior::removed}));
  parts.pre_tokenizer.add_splitter(make_punctuation_splitter({SplitBehavior::isolated}));
  const auto first = vocab.cls ? vocab.cls : vocab.bos, last = vocab.separator ? vocab.separator : vocab.eos;
  parts.templates = bert_templates(vocab.add_bos.value_or(true) ? first : std::nullopt,
                                   vocab.add_eos.value_or(true) ? last : std::nullopt);
  parts.strips_leading_space = true;
  return std::make_unique<PipelineTokenizer>(std::move(parts));
}

constexpr struct {
  std::string_view name;
  std::unique_ptr<Tokenizer> (*build)(const GgufVocab& vocab);
} kKinds[] = {{"gpt2", build_byte_level},
              {"gemma4", build_marked},
              {"llama", build_sentencepiece},
              {"t5", build_unigram},
              {"bert", build_word_piece}};

}  // namespace

std::unique_ptr<Tokenizer> build_tokenizer(const GgufVocab& vocab) {
  check_vocab(vocab);
  std::string known;
  for (const auto& [name, build] : kKinds) {
    if (name == vocab.model) return build(vocab);
    known += fmt::format("{}\"{}\"", known.empty() ? "" : ", ", name);
  }
  fail(ErrorCode::unsupported, "{}: tokenizer.ggml.model is \"{}\", expected one of {}", vocab.source,
       vocab.model.substr(0, 100), known);
}

}  // namespace estoc
