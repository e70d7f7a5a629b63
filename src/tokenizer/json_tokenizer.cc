// Tokenizers from Hugging Face's tokenizer.json: open_tokenizer_json and parse_tokenizer_json.
#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/mapped_file.h"
#include "tokenizer/bpe_tokenizer.h"
#include "tokenizer/byte_level.h"
#include "tokenizer/json_components.h"
#include "tokenizer/score_merges.h"
#include "tokenizer/spelled_byte.h"
#include "tokenizer/text_replace.h"

namespace estoc {
namespace {

// Ids may leave holes, but not so many that a small file asks for a huge table.
constexpr int64_t kHolesMax = 1 << 20;
// Longer merges are refused: finding where to cut one takes quadratic time.
constexpr size_t kMergeBytesMax = 4096;

Json parse_file(std::string_view text, const std::string& where) {
  try {
    return parse_json(text);
  } catch (const Error& error) {
    throw Error(ErrorCode::corrupt_file, where + ": " + error.what());
  }
}

struct AddedEntry {
  std::string content;
  AddedToken token;
  bool is_normalized;
};

class JsonLoader {
 public:
  JsonLoader(const JsonFields& root, const std::string& source)
      : root_(root), source_(source), model_(root.object("model")) {}

  TokenizerParts load() {
    check_model();
    if (root_.find("normalizer") != nullptr) parts_.normalizer = read_normalizer(root_.object("normalizer"));
    if (root_.find("pre_tokenizer") != nullptr) {
      ReadPreTokenizer read = read_pre_tokenizer(root_.object("pre_tokenizer"));
      parts_.pre_tokenizer = std::move(read.pre_tokenizer);
      parts_.model.by_bytes = read.is_byte_level;
    }
    // Without a decoder the spelling itself says how it was made.
    rules_.is_byte_level = parts_.model.by_bytes;
    if (root_.find("decoder") != nullptr) rules_ = read_decoder(root_.object("decoder"));
    parts_.strips_leading_space = rules_.strips_leading_space;
    load_vocab();
    load_added_tokens();
    load_texts();
    load_merges();
    load_unknown();
    if (root_.find("post_processor") != nullptr) load_surroundings();
    return std::move(parts_);
  }

 private:
  struct MergeIds {
    TokenId left, right, merged;
    bool has_inner_mark;  // the merged token crosses the start of a word
  };
  void check_model();
  void load_vocab();
  void load_added_tokens();
  void load_texts();
  void load_merges();
  void load_unknown();
  void load_surroundings();
  void grow_to(int64_t id);
  TokenId checked_id(const Json& json, size_t entries) const;
  std::string text_of(std::string_view spelling, bool is_added) const;
  MergeIds read_merge(const Json& json) const;

  const JsonFields& root_;
  const std::string& source_;
  JsonFields model_;
  DecodeRules rules_;
  TokenizerParts parts_;
};

void JsonLoader::check_model() {
  std::string type = model_.string_or("type", "");
  if (type.empty()) {
    // Older files leave the kind out; only byte-pair models have merges.
    const Json* vocab = model_.find("vocab");
    type = model_.find("merges") != nullptr        ? "BPE"
           : vocab != nullptr && vocab->is_array() ? "Unigram"
                                                   : "WordPiece or WordLevel";
  }
  if (type != "BPE") fail(ErrorCode::unsupported, "{}: model type {} is not supported, expected BPE", source_, type);
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!model_.string_or(key, "").empty()) fail_unsupported(model_, key);
  }
  if (const Json* dropout = model_.find("dropout");
      dropout != nullptr && dropout->is_number() && dropout->as_double() > 0) {
    fail_unsupported(model_, "dropout");
  }
}

TokenId JsonLoader::checked_id(const Json& json, size_t entries) const {
  const int64_t max = static_cast<int64_t>(entries) + kHolesMax;
  if (!json.is_int() || json.as_double() < 0 || json.as_double() > static_cast<double>(max)) {
    fail(ErrorCode::corrupt_file, "{}: a token id is {}, expected an integer from 0 to {}", source_,
         to_json(json).substr(0, 40), max);
  }
  return static_cast<TokenId>(json.as_int());
}

void JsonLoader::grow_to(int64_t id) {
  if (static_cast<size_t>(id) < parts_.token_bytes.size()) return;
  parts_.token_bytes.resize(static_cast<size_t>(id) + 1);
  parts_.is_special.resize(static_cast<size_t>(id) + 1);
}

std::string JsonLoader::text_of(std::string_view spelling, bool is_added) const {
  std::string text(spelling);
  if (rules_.is_byte_level && !is_added) {
    if (auto bytes = bytes_of_spelling(spelling)) text = std::move(*bytes);
  }
  for (const auto& [from, to] : rules_.replacements) text = replace_all(text, from, to);
  if (rules_.has_byte_tokens) {
    if (const auto byte = spelled_byte(text)) text.assign(1, static_cast<char>(*byte));
  }
  return text;
}

void JsonLoader::load_vocab() {
  const Json* vocab = model_.find("vocab");
  if (vocab == nullptr || !vocab->is_object()) {
    fail(ErrorCode::corrupt_file, "{}: vocab is missing or not an object", model_.where());
  }
  for (const auto& [spelling, json] : vocab->as_object()) {
    const TokenId id = checked_id(json, vocab->as_object().size());
    grow_to(id);
    parts_.token_bytes[static_cast<size_t>(id)] = text_of(spelling, false);
    parts_.spellings.insert(spelling, id, true);
  }
}

void JsonLoader::load_added_tokens() {
  if (root_.find("added_tokens") == nullptr) return;
  const Json::Array& entries = root_.array("added_tokens");
  const size_t count = parts_.token_bytes.size() + entries.size();
  for (const Json& json : entries) {
    const JsonFields fields(json, source_ + ": added_tokens");
    const std::string& content = fields.string("content");
    if (content.empty()) continue;
    // A token the model knows keeps the model's id.
    const auto known = parts_.spellings.find(content);
    const Json id_json(fields.integer("id"));
    AddedToken token{.id = known ? *known : checked_id(id_json, count),
                     .is_special = fields.flag_or("special", false),
                     .single_word = fields.flag_or("single_word", false),
                     .takes_left = fields.flag_or("lstrip", false),
                     .takes_right = fields.flag_or("rstrip", false)};
    const auto at = static_cast<size_t>(token.id);
    grow_to(token.id);
    parts_.spellings.insert(content, token.id);
    parts_.token_bytes[at] = text_of(content, true);
    parts_.is_special[at] = token.is_special;
    if (fields.flag_or("normalized", !token.is_special)) {
      parts_.normalized_tokens.add(parts_.normalizer.apply(content), token);
    } else {
      parts_.raw_tokens.add(content, token);
    }
  }
}

// The tokens a text may become by merging. Special ones are left out, so that text never spells one by accident.
void JsonLoader::load_texts() {
  parts_.model.vocab_count = static_cast<int>(parts_.token_bytes.size());
  for (const auto& [spelling, json] : model_.find("vocab")->as_object()) {
    const auto id = static_cast<TokenId>(json.as_int());
    if (parts_.is_special[static_cast<size_t>(id)]) continue;
    if (!parts_.model.by_bytes) {
      parts_.model.texts.insert(spelling, id, true);
    } else if (const auto bytes = bytes_of_spelling(spelling)) {
      parts_.model.texts.insert(*bytes, id, true);
    }
  }
}

// "a b" or ["a", "b"]. A token of the first form may hold spaces itself: the cut is where all three are tokens.
JsonLoader::MergeIds JsonLoader::read_merge(const Json& json) const {
  const auto ids_of = [&](std::string_view left, std::string_view right) -> std::optional<MergeIds> {
    const auto left_id = parts_.spellings.find(left);
    const auto right_id = parts_.spellings.find(right);
    std::string merged(left);
    const auto merged_id = parts_.spellings.find(merged.append(right));
    if (!left_id || !right_id || !merged_id) return std::nullopt;
    return MergeIds{*left_id, *right_id, *merged_id, has_inner_mark(merged)};
  };
  std::optional<MergeIds> ids;
  if (json.is_string() && json.as_string().size() <= kMergeBytesMax) {
    const std::string_view both = json.as_string();
    for (size_t at = both.find(' '); at != std::string_view::npos && !ids; at = both.find(' ', at + 1)) {
      ids = ids_of(both.substr(0, at), both.substr(at + 1));
    }
  } else if (json.is_array() && json.as_array().size() == 2 && json.as_array()[0].is_string() &&
             json.as_array()[1].is_string()) {
    ids = ids_of(json.as_array()[0].as_string(), json.as_array()[1].as_string());
  }
  if (ids) return *ids;
  fail(ErrorCode::corrupt_file, "{}: merge {} is no pair of tokens whose concatenation is a token", source_,
       to_json(json).substr(0, 80));
}

void JsonLoader::load_merges() {
  BpeModel::Parts& model = parts_.model;
  model.ignore_merges = model_.flag_or("ignore_merges", false);
  model.cuts_at_marks = !model.by_bytes;
  uint32_t rank = 0;
  for (const Json& json : model_.array("merges")) {
    const MergeIds ids = read_merge(json);
    // The last of two equal merges counts, as in a map from pairs to ranks.
    model.merges.insert(ids.left, ids.right, {rank++, ids.merged}, true);
    if (ids.has_inner_mark) model.cuts_at_marks = false;
  }
  if (model.ignore_merges && model.cuts_at_marks) {
    // A whole piece that is a token must be seen as a whole.
    for (const auto& [spelling, id] : model_.find("vocab")->as_object()) {
      if (has_inner_mark(spelling)) model.cuts_at_marks = false;
    }
  }
}

void JsonLoader::load_unknown() {
  BpeModel::Parts& model = parts_.model;
  model.fuse_unknown = model_.flag_or("fuse_unk", false);
  if (model_.find("unk_token") != nullptr) {
    const std::string& spelling = model_.string("unk_token");
    model.unknown = parts_.spellings.find(spelling);
    if (!model.unknown) fail(ErrorCode::corrupt_file, "{}: unk_token {} is not in the vocabulary", source_, spelling);
  }
  if (!model_.flag_or("byte_fallback", false) || model.by_bytes) return;
  for (int byte = 0; byte < 256; ++byte) {
    model.byte_tokens[static_cast<size_t>(byte)] = parts_.spellings.find(fmt::format("<0x{:02X}>", byte)).value_or(-1);
  }
}

void JsonLoader::load_surroundings() {
  const Surroundings around = read_post_processor(root_.object("post_processor"));
  parts_.prefix = around.prefix;
  parts_.suffix = around.suffix;
  for (const auto* ids : {&parts_.prefix, &parts_.suffix}) {
    for (const TokenId id : *ids) {
      if (static_cast<size_t>(id) < parts_.token_bytes.size()) continue;
      fail(ErrorCode::corrupt_file, "{}: post_processor adds token {}, expected an id below {}", source_, id,
           parts_.token_bytes.size());
    }
  }
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
    const bool has_bos = !parts.prefix.empty() && parts.prefix.front() == *parts.bos;
    const bool wants_bos = config.flag_or("add_bos_token", has_bos);
    if (wants_bos && !has_bos) parts.prefix.insert(parts.prefix.begin(), *parts.bos);
    if (!wants_bos && has_bos) parts.prefix.erase(parts.prefix.begin());
  }
  if (parts.eos && config.find("add_eos_token") != nullptr) {
    const bool has_eos = !parts.suffix.empty() && parts.suffix.back() == *parts.eos;
    const bool wants_eos = config.flag_or("add_eos_token", has_eos);
    if (wants_eos && !has_eos) parts.suffix.push_back(*parts.eos);
    if (!wants_eos && has_eos) parts.suffix.pop_back();
  }
}

}  // namespace

std::unique_ptr<Tokenizer> parse_tokenizer_json(std::string_view tokenizer_json, std::string_view config_json,
                                                const std::string& source) {
  const Json json = parse_file(tokenizer_json, source);
  const JsonFields root(json, source);
  TokenizerParts parts = JsonLoader(root, source).load();
  if (!config_json.empty()) {
    const std::string config_source = source + " (tokenizer_config.json)";
    const Json config = parse_file(config_json, config_source);
    apply_config(JsonFields(config, config_source), parts);
  } else if (!parts.prefix.empty()) {
    parts.bos = parts.prefix.front();
  }
  return std::make_unique<BpeTokenizer>(std::move(parts));
}

std::unique_ptr<Tokenizer> open_tokenizer_json(const std::string& directory) {
  const std::string path = directory + "/tokenizer.json";
  const std::string config_path = directory + "/tokenizer_config.json";
  const std::string text = read_file(path);
  const std::string config = std::filesystem::exists(config_path) ? read_file(config_path) : std::string();
  return parse_tokenizer_json(text, config, path);
}

}  // namespace estoc
