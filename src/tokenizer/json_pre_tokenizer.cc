// Pre-tokenizers of a tokenizer.json: how a text is cut into the pieces that the model reads. Each kind is a reader and
// a line in the list.
#include <algorithm>

#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/json_components.h"

namespace estoc {
namespace {

SplitBehavior read_behavior(const JsonFields& json, std::string_view otherwise) {
  const std::string name = json.string_or("behavior", otherwise);
  if (name == "Removed") return SplitBehavior::removed;
  if (name == "Isolated") return SplitBehavior::isolated;
  if (name == "MergedWithPrevious") return SplitBehavior::merged_with_previous;
  if (name == "MergedWithNext") return SplitBehavior::merged_with_next;
  if (name == "Contiguous") return SplitBehavior::contiguous;
  fail_unsupported(json, "the behavior " + name);
}

std::string read_character(const JsonFields& json, std::string_view key, std::string_view otherwise) {
  std::string character = json.string_or(key, otherwise);
  if (character.empty() || utf8_sequence_bytes(character) != static_cast<int>(character.size())) {
    fail_unsupported(json, "a " + std::string(key) + " that is not one character");
  }
  return character;
}

// What the steps so far did to the pieces, and what they are.
struct PreTokenizerReader {
  ReadPreTokenizer result;

  void read(const JsonFields& json, int depth);
  // Behind ByteLevel a cut is made in its spelling, in which a part of a character may look like a digit.
  void cut(std::unique_ptr<Splitter> splitter) {
    result.pre_tokenizer.add_splitter(result.is_byte_level ? make_spelled_splitter(std::move(splitter))
                                                           : std::move(splitter));
  }
  // A second spelling would spell the first.
  void check_not_spelled(const JsonFields& json, const std::string& type) const {
    if (result.is_byte_level) fail_unsupported(json, type + " after ByteLevel");
  }
};

void read_metaspace(const JsonFields& json, PreTokenizerReader& read) {
  read.check_not_spelled(json, "Metaspace");
  const std::string mark = read_character(json, "replacement", "\xE2\x96\x81");
  const std::string name =
      json.string_or("prepend_scheme", json.flag_or("add_prefix_space", true) ? "always" : "never");
  if (name != "always" && name != "first" && name != "never") fail_unsupported(json, "the prepend_scheme " + name);
  read.result.pre_tokenizer.mark_spaces(mark, name == "always"  ? PrefixScheme::always
                                              : name == "first" ? PrefixScheme::first
                                                                : PrefixScheme::never);
  if (json.flag_or("split", true)) read.cut(make_literal_splitter(mark, {SplitBehavior::merged_with_next}));
}

void read_byte_level(const JsonFields& json, PreTokenizerReader& read) {
  read.check_not_spelled(json, "ByteLevel");
  if (json.flag_or("add_prefix_space", true)) read.result.pre_tokenizer.add_prefix_space();
  if (json.flag_or("use_regex", true)) read.cut(make_scan_splitter(ScanRule::gpt2));
  read.result.is_byte_level = true;
}

void read_split(const JsonFields& json, PreTokenizerReader& read) {
  const JsonFields pattern = json.object("pattern");
  const SplitRule rule{read_behavior(json, "Isolated"), json.flag_or("invert", false)};
  if (pattern.find("String") == nullptr) {
    read.cut(make_regex_splitter(pattern.string("Regex"), rule, json.where()));
    return;
  }
  const std::string& literal = pattern.string("String");
  if (literal.empty()) fail_unsupported(json, "an empty pattern");
  read.cut(make_literal_splitter(literal, rule));
}

void read_digits(const JsonFields& json, PreTokenizerReader& read) {
  const bool is_single = json.flag_or("individual_digits", false);
  read.cut(make_class_splitter(kNumberClass, {is_single ? SplitBehavior::isolated : SplitBehavior::contiguous}));
}

void read_punctuation(const JsonFields& json, PreTokenizerReader& read) {
  read.cut(make_punctuation_splitter({read_behavior(json, "Isolated")}));
}

void read_whitespace_split(const JsonFields&, PreTokenizerReader& read) {
  read.cut(make_class_splitter(kSpaceClass, {SplitBehavior::removed}));
}

// \w+|[^\w\s]+ with \w as Rust's regular expressions have it: joiners and circled letters count too.
void read_whitespace(const JsonFields& json, PreTokenizerReader& read) {
  constexpr std::string_view kAlso =
      R"(\x{200C}\x{200D}\x{24B6}-\x{24E9}\x{1F130}-\x{1F149}\x{1F150}-\x{1F169}\x{1F170}-\x{1F189})";
  read.cut(
      make_regex_splitter(fmt::format(R"([\w{0}]+|[^\w\s{0}]+)", kAlso), {SplitBehavior::removed, true}, json.where()));
}

void read_bert(const JsonFields&, PreTokenizerReader& read) {
  read.cut(make_class_splitter(kSpaceClass, {SplitBehavior::removed}));
  read.cut(make_punctuation_splitter({SplitBehavior::isolated}));
}

void read_char_delimiter(const JsonFields& json, PreTokenizerReader& read) {
  read.cut(make_literal_splitter(read_character(json, "delimiter", ""), {SplitBehavior::removed}));
}

void read_scripts(const JsonFields&, PreTokenizerReader& read) { read.cut(make_script_splitter()); }

void read_fixed_length(const JsonFields& json, PreTokenizerReader& read) {
  const int64_t length = json.integer_or("length", 5);
  if (length < 1) fail_unsupported(json, fmt::format("the length {}", length));
  read.cut(make_length_splitter(static_cast<size_t>(length)));
}

constexpr struct {
  std::string_view name;
  void (*read)(const JsonFields& json, PreTokenizerReader& read);
} kKinds[] = {
    {"ByteLevel", read_byte_level},
    {"Split", read_split},
    {"Whitespace", read_whitespace},
    {"WhitespaceSplit", read_whitespace_split},
    {"BertPreTokenizer", read_bert},
    {"Metaspace", read_metaspace},
    {"Punctuation", read_punctuation},
    {"Digits", read_digits},
    {"CharDelimiterSplit", read_char_delimiter},
    {"UnicodeScripts", read_scripts},
    {"FixedLength", read_fixed_length},
};

void PreTokenizerReader::read(const JsonFields& json, int depth) {
  const std::string& type = json.string("type");
  if (type == "Sequence") {
    for_each_component(json, "pretokenizers", depth, [&](const JsonFields& step, int deeper) { read(step, deeper); });
    return;
  }
  const auto* kind = std::ranges::find_if(kKinds, [&](const auto& known) { return known.name == type; });
  if (kind == std::end(kKinds)) fail_unsupported(json, type.substr(0, 100));
  kind->read(json, *this);
}

}  // namespace

ReadPreTokenizer read_pre_tokenizer(const JsonFields& json) {
  PreTokenizerReader reader;
  reader.read(json, 0);
  return std::move(reader.result);
}

}  // namespace estoc
