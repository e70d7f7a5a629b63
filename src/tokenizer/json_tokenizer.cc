// Tokenizers from Hugging Face's tokenizer.json: parse_tokenizer_json.
#include "base/error.h"
#include "tokenizer/json_components.h"
#include "tokenizer/json_models.h"
#include "tokenizer/json_vocab.h"
#include "tokenizer/pipeline_tokenizer.h"
#include "tokenizer/tokenizer_config.h"

namespace estoc {
namespace {

TextTemplates read_templates(const JsonFields& root, size_t vocab_count, const std::string& source) {
  TextTemplates templates = read_post_processor(root.object("post_processor"));
  for (const auto* items : {&templates.single, &templates.pair}) {
    for (const TemplateItem& item : *items) {
      if (static_cast<size_t>(item.id) < vocab_count) continue;
      fail(ErrorCode::corrupt_file, "{}: post_processor adds token {}, expected an id below {}", source, item.id,
           vocab_count);
    }
  }
  return templates;
}

TokenizerParts load(const JsonFields& root, const std::string& source) {
  TokenizerParts parts;
  const JsonFields model = root.object("model");
  const JsonModelKind& kind = model_kind_of(model, source);
  if (root.find("normalizer") != nullptr) parts.normalizer = read_normalizer(root.object("normalizer"));
  bool is_byte_level = false;
  if (root.find("pre_tokenizer") != nullptr) {
    ReadPreTokenizer read = read_pre_tokenizer(root.object("pre_tokenizer"));
    parts.pre_tokenizer = std::move(read.pre_tokenizer);
    is_byte_level = read.is_byte_level;
    if (is_byte_level && !kind.takes_bytes(model)) parts.pre_tokenizer.spell_bytes();
  }
  ReadDecoder decoder =
      root.find("decoder") != nullptr ? read_decoder(root.object("decoder")) : decoder_without_json(is_byte_level);
  parts.strips_leading_space = decoder.strips_leading_space;
  JsonVocabReader vocab(source, decoder, parts);
  vocab.read_model_tokens(model, kind);
  vocab.read_added_tokens(root);
  parts.model = kind.read({.json = model,
                           .source = source,
                           .spellings = parts.spellings,
                           .is_special = parts.is_special,
                           .is_byte_level = is_byte_level});
  if (root.find("post_processor") != nullptr) parts.templates = read_templates(root, parts.token_bytes.size(), source);
  if (!decoder.is_local) parts.decoder = std::make_unique<Decoder>(std::move(decoder.decoder));
  parts.truncation = read_truncation(root);
  parts.padding = read_padding(root);
  return parts;
}

}  // namespace

std::unique_ptr<Tokenizer> parse_tokenizer_json(std::string_view tokenizer_json, std::string_view config_json,
                                                const std::string& source) {
  const Json json = parse_json_file(tokenizer_json, source);
  const JsonFields root(json, source);
  TokenizerParts parts = load(root, source);
  if (!config_json.empty()) {
    const std::string config_source = source + " (tokenizer_config.json)";
    const Json config = parse_json_file(config_json, config_source);
    apply_tokenizer_config(JsonFields(config, config_source), parts);
  } else if (const std::vector<TokenId> prefix = prefix_of(parts.templates); !prefix.empty()) {
    parts.bos = prefix.front();
  }
  return std::make_unique<PipelineTokenizer>(std::move(parts));
}

}  // namespace estoc
