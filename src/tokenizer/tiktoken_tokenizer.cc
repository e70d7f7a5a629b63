// Tokenizers from tiktoken's files of ranks: parse_tiktoken. What text is cut by and what tokens are special is not in
// such a file: tokenizer_config.json names a class, and the classes that published models name are a list here.
#include <algorithm>
#include <span>

#include "base/error.h"
#include "tokenizer/bpe_model.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/rank_file.h"
#include "tokenizer/split_patterns.h"
#include "tokenizer/tokenizer_config.h"

namespace estoc {
namespace {

struct TiktokenClass {
  std::string_view name;
  std::string_view pattern;
  bool composes = false;                         // texts are brought to NFC
  std::span<const std::string_view> specials{};  // the ids behind the ranks, where the config lists none
  int extra_specials = 0;                        // and so many of "<|extra_0|>"
  std::span<const std::string_view> prefix{};    // before a text
};

constexpr std::string_view kQwenSpecials[] = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"};
constexpr std::string_view kChatGlmPrefix[] = {"[gMASK]", "<sop>"};

constexpr TiktokenClass kClasses[] = {
    {.name = "TikTokenTokenizer", .pattern = kKimiPattern},
    {.name = "QWenTokenizer",
     .pattern = kQwen2Pattern,
     .composes = true,
     .specials = kQwenSpecials,
     .extra_specials = 205},
    {.name = "ChatGLM4Tokenizer", .pattern = kLlama3Pattern, .prefix = kChatGlmPrefix},
};

// Whatever two tokens a token can be cut into merge to it, the lowest rank first; a piece that is a token is that
// token.
std::unique_ptr<PieceModel> model_of(const std::vector<std::string>& tokens, const std::string& source) {
  BpeModel::Parts model;
  model.by_bytes = true;
  model.ignore_merges = true;
  model.merges_texts = true;
  model.vocab_count = static_cast<int>(tokens.size());
  model.texts.reserve(tokens.size());
  for (size_t id = 0; id < tokens.size(); ++id) {
    if (!tokens[id].empty()) model.texts.insert(tokens[id], static_cast<TokenId>(id));
  }
  for (int byte = 0; byte < 256; ++byte) {
    if (!model.texts.find(std::string(1, static_cast<char>(byte))))
      fail(ErrorCode::corrupt_file, "{}: has no token for the byte {}, expected all 256", source, byte);
  }
  return std::make_unique<BpeModel>(std::move(model));
}

const TiktokenClass* class_named(const std::string& name) {
  const auto* found = std::ranges::find(kClasses, name, &TiktokenClass::name);
  return found == std::end(kClasses) ? nullptr : found;
}

void add_special(const std::string& spelling, TokenizerParts& parts) {
  const auto id = static_cast<TokenId>(parts.token_bytes.size());
  parts.raw_tokens.add(spelling, {.id = id, .is_special = true});
  parts.spellings.insert(spelling, id);
  parts.token_bytes.push_back(spelling);
  parts.is_special.push_back(true);
}

void add_specials_of(const TiktokenClass& known, TokenizerParts& parts) {
  for (const std::string_view spelling : known.specials) add_special(std::string(spelling), parts);
  for (int i = 0; i < known.extra_specials; ++i) add_special(fmt::format("<|extra_{}|>", i), parts);
}

}  // namespace

std::unique_ptr<Tokenizer> parse_tiktoken(std::string_view ranks, std::string_view config_json,
                                          const std::string& source) {
  if (config_json.empty())
    fail(ErrorCode::unsupported, "{}: does not say how text is cut; expected a tokenizer_config.json beside it",
         source);
  const std::string config_source = source + " (tokenizer_config.json)";
  const Json json = parse_json_file(config_json, config_source);
  const JsonFields config(json, config_source);
  const std::string class_name = config.string_or("tokenizer_class", "");
  const TiktokenClass* known = class_named(class_name);
  std::string pattern = config.string_or("pat_str", "");
  if (pattern.empty() && known != nullptr) pattern = known->pattern;
  if (pattern.empty()) {
    fail(ErrorCode::unsupported,
         "{}: how tokenizer_class \"{}\" cuts text is not known (TikTokenTokenizer, QWenTokenizer, ChatGLM4Tokenizer "
         "or pat_str would say)",
         config_source, class_name.substr(0, 100));
  }
  const std::vector<std::string> tokens = read_rank_file(ranks, source);
  TokenizerParts parts;
  parts.model = model_of(tokens, source);
  parts.token_bytes = tokens;
  parts.is_special.resize(tokens.size());
  parts.spellings.reserve(tokens.size());
  for (size_t id = 0; id < tokens.size(); ++id) {
    if (!tokens[id].empty()) parts.spellings.insert(tokens[id], static_cast<TokenId>(id));
  }
  // What no part of the pattern takes, such as broken bytes, stays.
  parts.pre_tokenizer.add_splitter(make_regex_splitter(pattern, {}, config_source));
  if (known != nullptr && known->composes)
    parts.normalizer.add([](std::string text) { return to_unicode_form(text, UnicodeForm::nfc); });
  if (config.find("added_tokens_decoder") != nullptr) {
    add_tokens_of_config(config, parts);
  } else if (known != nullptr) {
    add_specials_of(*known, parts);
  }
  if (known != nullptr) {
    for (auto name = known->prefix.rbegin(); name != known->prefix.rend(); ++name) {
      if (const auto id = parts.spellings.find(*name)) put_before(parts.templates, *id);
    }
  }
  apply_tokenizer_config(config, parts);
  return std::make_unique<PipelineTokenizer>(std::move(parts));
}

}  // namespace estoc
