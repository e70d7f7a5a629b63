// Tokenizers from Hugging Face's tokenizer.json: open_tokenizer_json and parse_tokenizer_json.
#include <filesystem>

#include "base/error.h"
#include "base/mapped_file.h"
#include "tokenizer/json_components.h"
#include "tokenizer/json_models.h"
#include "tokenizer/json_vocab.h"
#include "tokenizer/pipeline_tokenizer.h"

namespace estoc {
namespace {

Json parse_file(std::string_view text, const std::string& where) {
  try {
    return parse_json(text);
  } catch (const Error& error) {
    throw Error(ErrorCode::corrupt_file, where + ": " + error.what());
  }
}

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

// "<s>" or {"content": "<s>", ...}; nothing when absent or not in the vocabulary.
std::optional<TokenId> find_named(const JsonFields& config, std::string_view key, const TextTable& spellings) {
  const Json* json = config.find(key);
  if (json != nullptr && json->is_object()) json = json->find("content");
  if (json == nullptr || !json->is_string()) return std::nullopt;
  return spellings.find(json->as_string());
}

// add_bos_token and add_eos_token overrule the post-processor, as the tokenizer classes that know them do.
void apply_config(const JsonFields& config, TokenizerParts& parts) {
  parts.bos = find_named(config, "bos_token", parts.spellings);
  parts.eos = find_named(config, "eos_token", parts.spellings);
  if (parts.bos && config.find("add_bos_token") != nullptr) {
    const std::vector<TokenId> prefix = prefix_of(parts.templates);
    const bool has_bos = !prefix.empty() && prefix.front() == *parts.bos;
    const bool wants_bos = config.flag_or("add_bos_token", has_bos);
    if (wants_bos && !has_bos) put_before(parts.templates, *parts.bos);
    if (!wants_bos && has_bos) drop_first(parts.templates, *parts.bos);
  }
  if (parts.eos && config.find("add_eos_token") != nullptr) {
    const std::vector<TokenId> suffix = suffix_of(parts.templates);
    const bool has_eos = !suffix.empty() && suffix.back() == *parts.eos;
    const bool wants_eos = config.flag_or("add_eos_token", has_eos);
    if (wants_eos && !has_eos) put_after(parts.templates, *parts.eos);
    if (!wants_eos && has_eos) drop_last(parts.templates, *parts.eos);
  }
}

}  // namespace

std::unique_ptr<Tokenizer> parse_tokenizer_json(std::string_view tokenizer_json, std::string_view config_json,
                                                const std::string& source) {
  const Json json = parse_file(tokenizer_json, source);
  const JsonFields root(json, source);
  TokenizerParts parts = load(root, source);
  if (!config_json.empty()) {
    const std::string config_source = source + " (tokenizer_config.json)";
    const Json config = parse_file(config_json, config_source);
    apply_config(JsonFields(config, config_source), parts);
  } else if (const std::vector<TokenId> prefix = prefix_of(parts.templates); !prefix.empty()) {
    parts.bos = prefix.front();
  }
  return std::make_unique<PipelineTokenizer>(std::move(parts));
}

std::unique_ptr<Tokenizer> open_tokenizer_json(const std::string& directory) {
  const std::string path = directory + "/tokenizer.json";
  const std::string config_path = directory + "/tokenizer_config.json";
  const std::string text = read_file(path);
  const std::string config = std::filesystem::exists(config_path) ? read_file(config_path) : std::string();
  return parse_tokenizer_json(text, config, path);
}

}  // namespace estoc
