// Normalisers of a tokenizer.json: changes to the text before it is split. Each kind is a reader and a line in the
// list.
#include <algorithm>
#include <memory>

#include "base/error.h"
#include "tokenizer/base64.h"
#include "tokenizer/bert_normalizer.h"
#include "tokenizer/byte_level.h"
#include "tokenizer/chars_map.h"
#include "tokenizer/json_components.h"
#include "tokenizer/library_characters.h"
#include "tokenizer/regex.h"
#include "tokenizer/text_replace.h"

namespace estoc {
namespace {

// All replacements together may make a text at most this many times longer: real ones treble it (U+2581 for a space).
constexpr size_t kGrowthMax = 64;

// Collects the steps.
struct NormalizerReader {
  Normalizer normalizer;
  size_t growth = 1;

  void read(const JsonFields& json, int depth);
  void grow(const JsonFields& json, size_t from_bytes, size_t to_bytes) {
    growth *= std::max<size_t>(1, (to_bytes + from_bytes - 1) / from_bytes);
    if (growth > kGrowthMax) fail_unsupported(json, "a replacement that makes texts this much longer");
  }
  void add(std::string (*change)(std::string_view text)) {
    normalizer.add([change](std::string text) { return change(text); });
  }
};

void read_replace(const JsonFields& json, NormalizerReader& read) {
  const JsonFields pattern = json.object("pattern");
  const std::string& content = json.string("content");
  if (pattern.find("String") != nullptr) {
    const std::string& literal = pattern.string("String");
    if (literal.empty()) fail_unsupported(json, "an empty pattern");
    read.grow(json, literal.size(), content.size());
    read.normalizer.add([literal, content](std::string text) { return replace_all(text, literal, content); });
  } else {
    const auto regex = std::make_shared<const Regex>(pattern.string("Regex"), json.where());
    read.grow(json, 1, content.size());
    read.normalizer.add([regex, content](std::string text) { return replace_matches(text, *regex, content); });
  }
}

void read_prepend(const JsonFields& json, NormalizerReader& read) {
  const std::string& prefix = json.string("prepend");
  if (prefix.size() > 64) fail_unsupported(json, "a prefix of more than 64 bytes");
  read.normalizer.add([prefix](std::string text) { return text.empty() ? text : prefix + text; });
}

void read_strip(const JsonFields& json, NormalizerReader& read) {
  const bool left = json.flag_or("strip_left", true), right = json.flag_or("strip_right", true);
  read.normalizer.add([left, right](std::string text) { return stripped(text, left, right); });
}

void read_bert(const JsonFields& json, NormalizerReader& read) {
  BertRules rules{.clean_text = json.flag_or("clean_text", true),
                  .spaces_around_chinese = json.flag_or("handle_chinese_chars", true),
                  .lowercase = json.flag_or("lowercase", true)};
  rules.strip_accents = json.flag_or("strip_accents", rules.lowercase);
  read.normalizer.add([rules](std::string text) { return bert_normalized(text, rules); });
}

template <UnicodeForm form>
void read_form(const JsonFields&, NormalizerReader& read) {
  read.add([](std::string_view text) { return to_unicode_form(text, form); });
}

void read_lowercase(const JsonFields&, NormalizerReader& read) { read.add(to_lowercase); }
void read_nmt(const JsonFields&, NormalizerReader& read) { read.add(nmt_normalized); }
void read_strip_accents(const JsonFields&, NormalizerReader& read) {
  read.add([](std::string_view text) { return without(text, combining_marks()); });
}

void read_precompiled(const JsonFields& json, NormalizerReader& read) {
  if (json.find("precompiled_charsmap") == nullptr) return;
  const auto bytes = bytes_of_base64(json.string("precompiled_charsmap"));
  if (!bytes) fail(ErrorCode::corrupt_file, "{}: precompiled_charsmap is no base64", json.where());
  if (bytes->empty()) return;
  const auto map = std::make_shared<const CharsMap>(*bytes, json.where());
  read.normalizer.add([map](std::string text) { return precompiled_normalized(text, *map); });
}

void read_byte_level(const JsonFields& json, NormalizerReader& read) {
  read.grow(json, 1, 2);
  read.add(spelling_of_bytes);
}

constexpr struct {
  std::string_view name;
  void (*read)(const JsonFields& json, NormalizerReader& read);
} kKinds[] = {
    {"NFC", read_form<UnicodeForm::nfc>},
    {"NFD", read_form<UnicodeForm::nfd>},
    {"NFKC", read_form<UnicodeForm::nfkc>},
    {"NFKD", read_form<UnicodeForm::nfkd>},
    {"Lowercase", read_lowercase},
    {"Strip", read_strip},
    {"StripAccents", read_strip_accents},
    {"Replace", read_replace},
    {"Prepend", read_prepend},
    {"BertNormalizer", read_bert},
    {"Nmt", read_nmt},
    {"Precompiled", read_precompiled},
    {"ByteLevel", read_byte_level},
};

void NormalizerReader::read(const JsonFields& json, int depth) {
  const std::string& type = json.string("type");
  if (type == "Sequence") {
    for_each_component(json, "normalizers", depth, [&](const JsonFields& step, int deeper) { read(step, deeper); });
    return;
  }
  const auto* kind = std::ranges::find_if(kKinds, [&](const auto& known) { return known.name == type; });
  if (kind == std::end(kKinds)) fail_unsupported(json, type.substr(0, 100));
  kind->read(json, *this);
}

}  // namespace

void fail_unsupported(const JsonFields& json, std::string_view what) {
  fail(ErrorCode::unsupported, "{}: {} is not supported", json.where(), what);
}

Normalizer read_normalizer(const JsonFields& json) {
  NormalizerReader reader;
  reader.read(json, 0);
  return std::move(reader.normalizer);
}

}  // namespace estoc
