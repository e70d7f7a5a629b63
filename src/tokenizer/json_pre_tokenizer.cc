// Pre-tokenizers of a tokenizer.json: how a text is cut into the pieces that are merged.
#include "base/utf8.h"
#include "tokenizer/json_components.h"

namespace estoc {
namespace {

constexpr std::string_view kAsciiPunctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

SplitBehavior read_behavior(const JsonFields& json, std::string_view otherwise) {
  const std::string name = json.string_or("behavior", otherwise);
  if (name == "Removed") return SplitBehavior::removed;
  if (name == "Isolated") return SplitBehavior::isolated;
  if (name == "MergedWithPrevious") return SplitBehavior::merged_with_previous;
  if (name == "MergedWithNext") return SplitBehavior::merged_with_next;
  if (name == "Contiguous") return SplitBehavior::contiguous;
  fail_unsupported(json, "the behavior " + name);
}

std::unique_ptr<Splitter> read_split(const JsonFields& json) {
  const JsonFields pattern = json.object("pattern");
  const SplitRule rule{read_behavior(json, "Isolated"), json.flag_or("invert", false)};
  if (pattern.find("String") == nullptr) return make_regex_splitter(pattern.string("Regex"), rule, json.where());
  const std::string& literal = pattern.string("String");
  if (literal.empty()) fail_unsupported(json, "an empty pattern");
  return make_literal_splitter(literal, rule);
}

std::string read_character(const JsonFields& json, std::string_view key, std::string_view otherwise) {
  std::string character = json.string_or(key, otherwise);
  if (character.empty() || utf8_sequence_bytes(character) != static_cast<int>(character.size())) {
    fail_unsupported(json, "a " + std::string(key) + " that is not one character");
  }
  return character;
}

void add_metaspace(const JsonFields& json, PreTokenizer& pre) {
  const std::string mark = read_character(json, "replacement", "\xE2\x96\x81");
  const std::string name =
      json.string_or("prepend_scheme", json.flag_or("add_prefix_space", true) ? "always" : "never");
  if (name != "always" && name != "first" && name != "never") fail_unsupported(json, "the prepend_scheme " + name);
  pre.mark_spaces(mark, name == "always"  ? PrefixScheme::always
                        : name == "first" ? PrefixScheme::first
                                          : PrefixScheme::never);
  if (json.flag_or("split", true)) pre.add_splitter(make_literal_splitter(mark, {SplitBehavior::merged_with_next}));
}

void add_byte_level(const JsonFields& json, ReadPreTokenizer& read) {
  if (json.flag_or("add_prefix_space", true)) read.pre_tokenizer.add_prefix_space();
  if (json.flag_or("use_regex", true)) read.pre_tokenizer.add_splitter(make_scan_splitter(ScanRule::gpt2));
  read.is_byte_level = true;
}

std::unique_ptr<Splitter> punctuation_splitter(SplitBehavior behavior) {
  return make_class_splitter(kPunctuationClass, std::string(kAsciiPunctuation), {behavior});
}

std::unique_ptr<Splitter> space_splitter() { return make_class_splitter(kSpaceClass, "", {SplitBehavior::removed}); }

// The kinds that only cut.
std::vector<std::unique_ptr<Splitter>> read_splitters(const JsonFields& json, const std::string& type) {
  std::vector<std::unique_ptr<Splitter>> splitters;
  if (type == "Split") {
    splitters.push_back(read_split(json));
  } else if (type == "Digits") {
    const bool is_single = json.flag_or("individual_digits", false);
    splitters.push_back(
        make_class_splitter(kNumberClass, "", {is_single ? SplitBehavior::isolated : SplitBehavior::contiguous}));
  } else if (type == "Punctuation") {
    splitters.push_back(punctuation_splitter(read_behavior(json, "Isolated")));
  } else if (type == "WhitespaceSplit") {
    splitters.push_back(space_splitter());
  } else if (type == "Whitespace") {
    // \w+|[^\w\s]+ with the joiners U+200C and U+200D as word characters, as in Rust's regular expressions.
    splitters.push_back(make_regex_splitter(R"([\w\x{200C}\x{200D}]+|[^\w\s\x{200C}\x{200D}]+)",
                                            {SplitBehavior::removed, true}, json.where()));
  } else if (type == "BertPreTokenizer") {
    splitters.push_back(space_splitter());
    splitters.push_back(punctuation_splitter(SplitBehavior::isolated));
  } else if (type == "CharDelimiterSplit") {
    splitters.push_back(make_literal_splitter(read_character(json, "delimiter", ""), {SplitBehavior::removed}));
  } else {
    fail_unsupported(json, type);
  }
  return splitters;
}

void add_step(const JsonFields& json, ReadPreTokenizer& read) {
  const std::string& type = json.string("type");
  if (type == "Sequence") {
    for (const Json& step : json.array("pretokenizers")) add_step(JsonFields(step, json.where()), read);
  } else if (type == "ByteLevel" || type == "Metaspace") {
    // Either would spell the spelling.
    if (read.is_byte_level) fail_unsupported(json, type + " after ByteLevel");
    type == "ByteLevel" ? add_byte_level(json, read) : add_metaspace(json, read.pre_tokenizer);
  } else {
    // Behind ByteLevel a cut is made in its spelling, in which a part of a character may look like a digit.
    for (auto& splitter : read_splitters(json, type)) {
      read.pre_tokenizer.add_splitter(read.is_byte_level ? make_spelled_splitter(std::move(splitter))
                                                         : std::move(splitter));
    }
  }
}

}  // namespace

ReadPreTokenizer read_pre_tokenizer(const JsonFields& json) {
  ReadPreTokenizer read;
  add_step(json, read);
  return read;
}

}  // namespace estoc
