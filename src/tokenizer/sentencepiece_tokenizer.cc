// Tokenizers from SentencePiece's .model files: parse_sentencepiece.
#include <algorithm>

#include "base/error.h"
#include "tokenizer/sentencepiece_vocab.h"
#include "tokenizer/tokenizer_config.h"

namespace estoc {
namespace {

// Classes that number the pieces their own way, so that ids are not those of the file.
constexpr std::string_view kRenumbering[] = {"XLMRobertaTokenizer", "CamembertTokenizer", "BarthezTokenizer",
                                             "MBartTokenizer",      "MBart50Tokenizer",   "NllbTokenizer",
                                             "XGLMTokenizer",       "PegasusTokenizer"};

// The file does not say what goes around a text: the class does, or that merges are what models of chats have.
void surround(const SentencePieceVocab& vocab, std::string_view class_name, TokenizerParts& parts) {
  if (class_name.ends_with("Fast")) class_name.remove_suffix(4);
  if (std::ranges::find(kRenumbering, class_name) != std::end(kRenumbering))
    fail(ErrorCode::unsupported, "{}: the pieces as {} numbers them are not supported; its tokenizer.json is",
         vocab.source, class_name);
  const bool is_t5 = class_name == "T5Tokenizer";
  if (parts.bos && !is_t5 && !vocab.is_unigram) put_before(parts.templates, *parts.bos);
  if (parts.eos && is_t5) put_after(parts.templates, *parts.eos);
}

}  // namespace

std::unique_ptr<Tokenizer> parse_sentencepiece(std::string_view model, std::string_view config_json,
                                               const std::string& source) {
  const SentencePieceVocab vocab = read_sentencepiece_model(model, source);
  TokenizerParts parts = sentencepiece_parts(vocab);
  if (config_json.empty()) {
    surround(vocab, "", parts);
    return std::make_unique<PipelineTokenizer>(std::move(parts));
  }
  const std::string config_source = source + " (tokenizer_config.json)";
  const Json json = parse_json_file(config_json, config_source);
  const JsonFields config(json, config_source);
  surround(vocab, config.string_or("tokenizer_class", ""), parts);
  add_tokens_of_config(config, parts);
  const auto bos = parts.bos, eos = parts.eos;
  apply_tokenizer_config(config, parts);
  if (!parts.bos) parts.bos = bos;
  if (!parts.eos) parts.eos = eos;
  return std::make_unique<PipelineTokenizer>(std::move(parts));
}

}  // namespace estoc
