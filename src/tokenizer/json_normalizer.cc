// Normalisers of a tokenizer.json: changes to the text before it is split.
#include <algorithm>
#include <memory>

#include "base/error.h"
#include "tokenizer/json_components.h"
#include "tokenizer/regex.h"
#include "tokenizer/text_replace.h"

namespace estoc {
namespace {

// All replacements together may make a text at most this many times longer: real ones treble it (U+2581 for a space).
constexpr size_t kGrowthMax = 64;

void add_replace(const JsonFields& json, Normalizer& normalizer, size_t& growth) {
  const JsonFields pattern = json.object("pattern");
  const std::string& content = json.string("content");
  size_t pattern_bytes = 1;
  if (pattern.find("String") != nullptr) {
    const std::string& literal = pattern.string("String");
    if (literal.empty()) fail_unsupported(json, "an empty pattern");
    pattern_bytes = literal.size();
    normalizer.add([literal, content](std::string text) { return replace_all(text, literal, content); });
  } else {
    const auto regex = std::make_shared<const Regex>(pattern.string("Regex"), json.where());
    normalizer.add([regex, content](std::string text) {
      std::string out;
      size_t start = 0;
      regex->find_all(text, [&](size_t match, size_t end) {
        out.append(text, start, match - start);
        out += content;
        start = end;
      });
      return out.append(text, start);
    });
  }
  growth *= std::max<size_t>(1, (content.size() + pattern_bytes - 1) / pattern_bytes);
  if (growth > kGrowthMax) fail_unsupported(json, "a replacement that makes texts this much longer");
}

void add_step(const JsonFields& json, Normalizer& normalizer, size_t& growth) {
  const std::string& type = json.string("type");
  const auto add_form = [&](UnicodeForm form) {
    normalizer.add([form](std::string text) { return to_unicode_form(text, form); });
  };
  if (type == "Sequence") {
    for (const Json& step : json.array("normalizers")) add_step(JsonFields(step, json.where()), normalizer, growth);
  } else if (type == "Replace") {
    add_replace(json, normalizer, growth);
  } else if (type == "Prepend") {
    const std::string& prefix = json.string("prepend");
    if (prefix.size() > 64) fail_unsupported(json, "a prefix of more than 64 bytes");
    normalizer.add([prefix](std::string text) { return text.empty() ? text : prefix + text; });
  } else if (type == "Lowercase") {
    normalizer.add([](std::string text) { return to_lowercase(text); });
  } else if (type == "NFC") {
    add_form(UnicodeForm::nfc);
  } else if (type == "NFD") {
    add_form(UnicodeForm::nfd);
  } else if (type == "NFKC") {
    add_form(UnicodeForm::nfkc);
  } else if (type == "NFKD") {
    add_form(UnicodeForm::nfkd);
  } else {
    fail_unsupported(json, type);
  }
}

}  // namespace

void fail_unsupported(const JsonFields& json, std::string_view what) {
  fail(ErrorCode::unsupported, "{}: {} is not supported", json.where(), what);
}

Normalizer read_normalizer(const JsonFields& json) {
  Normalizer normalizer;
  size_t growth = 1;
  add_step(json, normalizer, growth);
  return normalizer;
}

}  // namespace estoc
