// Post-processors (what goes around a text) and decoders (what a token's spelling means) of a tokenizer.json.
#include "base/error.h"
#include "tokenizer/json_components.h"

namespace estoc {
namespace {

TokenId read_id(const Json& json, const std::string& where) {
  if (!json.is_int() || json.as_int() < 0 || json.as_int() > INT32_MAX) {
    fail(ErrorCode::corrupt_file, "{}: a token id is {}, expected a number from 0 on", where, json.type_name());
  }
  return static_cast<TokenId>(json.as_int());
}

void append_special(const JsonFields& json, const std::string& name, std::vector<TokenId>& ids) {
  const JsonFields token = json.object("special_tokens").object(name);
  for (const Json& id : token.array("ids")) ids.push_back(read_id(id, token.where()));
}

Surroundings read_template(const JsonFields& json) {
  Surroundings around;
  bool has_text = false;
  for (const Json& item : json.array("single")) {
    const JsonFields fields(item, json.where() + ".single");
    if (fields.find("Sequence") != nullptr) {
      if (has_text) fail_unsupported(json, "a template that repeats the text");
      has_text = true;
    } else {
      append_special(json, fields.object("SpecialToken").string("id"), has_text ? around.suffix : around.prefix);
    }
  }
  if (!has_text) fail_unsupported(json, "a template without the text");
  return around;
}

// RobertaProcessing and BertProcessing: "cls": ["<s>", 0] before, "sep" after.
Surroundings read_cls_sep(const JsonFields& json) {
  const auto id_of = [&](std::string_view key) {
    const Json::Array& pair = json.array(key);
    if (pair.size() != 2) fail(ErrorCode::corrupt_file, "{}: {} is not a pair of spelling and id", json.where(), key);
    return read_id(pair[1], json.where());
  };
  return {{id_of("cls")}, {id_of("sep")}};
}

// Decoders come in order; what joins the tokens to one text must not be followed by anything that looks at tokens.
struct DecoderReader {
  DecodeRules rules;
  bool is_joined = false;

  void replace(const JsonFields& json, std::string from, std::string to) {
    // Real ones turn U+2581 into a space; nothing needs a spelling to grow.
    if (is_joined || from.empty() || to.size() > from.size()) fail_unsupported(json, "this Replace decoder");
    rules.replacements.emplace_back(std::move(from), std::move(to));
  }

  void read(const JsonFields& json) {
    const std::string& type = json.string("type");
    if (type == "Sequence") {
      for (const Json& step : json.array("decoders")) read(JsonFields(step, json.where()));
    } else if (type == "ByteLevel") {
      rules.is_byte_level = true;
    } else if (type == "ByteFallback") {
      rules.has_byte_tokens = true;
    } else if (type == "Fuse") {
      is_joined = true;
    } else if (type == "Replace") {
      replace(json, json.object("pattern").string("String"), json.string("content"));
    } else if (type == "Metaspace") {
      const bool adds = json.flag_or("add_prefix_space", true);
      replace(json, json.string_or("replacement", "\xE2\x96\x81"), " ");
      rules.strips_leading_space = json.string_or("prepend_scheme", adds ? "always" : "never") != "never";
    } else if (type == "Strip") {
      const int64_t start = json.integer_or("start", 0);
      const int64_t stop = json.integer_or("stop", 0);
      if (!is_joined || json.string("content") != " " || start < 0 || start > 1 || stop != 0) {
        fail_unsupported(json, "this Strip decoder");
      }
      rules.strips_leading_space = start == 1;
    } else {
      fail_unsupported(json, type);
    }
  }
};

}  // namespace

Surroundings read_post_processor(const JsonFields& json) {
  const std::string& type = json.string("type");
  if (type == "ByteLevel") return {};  // moves offsets only
  if (type == "TemplateProcessing") return read_template(json);
  if (type == "RobertaProcessing" || type == "BertProcessing") return read_cls_sep(json);
  if (type != "Sequence") fail_unsupported(json, type);
  Surroundings around;
  for (const Json& step : json.array("processors")) {
    Surroundings outer = read_post_processor(JsonFields(step, json.where()));
    around.prefix.insert(around.prefix.begin(), outer.prefix.begin(), outer.prefix.end());
    around.suffix.insert(around.suffix.end(), outer.suffix.begin(), outer.suffix.end());
  }
  return around;
}

DecodeRules read_decoder(const JsonFields& json) {
  DecoderReader reader;
  reader.read(json);
  return reader.rules;
}

}  // namespace estoc
