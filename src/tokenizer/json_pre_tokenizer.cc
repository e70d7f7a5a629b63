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

void add_split(const JsonFields& json, PreTokenizer& pre) {
  const JsonFields pattern = json.object("pattern");
  const SplitRule rule{read_behavior(json, "Isolated"), json.flag_or("invert", false)};
  if (pattern.find("String") != nullptr) {
    const std::string& literal = pattern.string("String");
    if (literal.empty()) fail_unsupported(json, "an empty pattern");
    pre.add_splitter(make_literal_splitter(literal, rule));
  } else {
    pre.add_splitter(make_regex_splitter(pattern.string("Regex"), rule, json.where()));
  }
}

void add_metaspace(const JsonFields& json, PreTokenizer& pre) {
  if (pre.has_splitters()) fail_unsupported(json, "Metaspace after another split");
  const std::string mark = json.string_or("replacement", "\xE2\x96\x81");
  if (mark.empty() || utf8_sequence_bytes(mark) != static_cast<int>(mark.size())) {
    fail_unsupported(json, "a replacement that is not one character");
  }
  const std::string name =
      json.string_or("prepend_scheme", json.flag_or("add_prefix_space", true) ? "always" : "never");
  if (name != "always" && name != "first" && name != "never") fail_unsupported(json, "the prepend_scheme " + name);
  pre.mark_spaces(mark, name == "always"  ? PrefixScheme::always
                        : name == "first" ? PrefixScheme::first
                                          : PrefixScheme::never);
  if (json.flag_or("split", true)) pre.add_splitter(make_literal_splitter(mark, {SplitBehavior::merged_with_next}));
}

void add_byte_level(const JsonFields& json, ReadPreTokenizer& read) {
  if (json.flag_or("add_prefix_space", true)) {
    if (read.pre_tokenizer.has_splitters())
      fail_unsupported(json, "ByteLevel with add_prefix_space after another split");
    read.pre_tokenizer.add_prefix_space();
  }
  if (json.flag_or("use_regex", true)) read.pre_tokenizer.add_splitter(make_scan_splitter(ScanRule::gpt2));
  read.is_byte_level = true;
}

void add_step(const JsonFields& json, ReadPreTokenizer& read) {
  const std::string& type = json.string("type");
  PreTokenizer& pre = read.pre_tokenizer;
  if (type == "Sequence") {
    for (const Json& step : json.array("pretokenizers")) add_step(JsonFields(step, json.where()), read);
    return;
  }
  // A later step would see the byte-level spelling, in which a part of a character may look like a digit.
  if (read.is_byte_level) fail_unsupported(json, type + " after ByteLevel");
  if (type == "ByteLevel") {
    add_byte_level(json, read);
  } else if (type == "Split") {
    add_split(json, pre);
  } else if (type == "Metaspace") {
    add_metaspace(json, pre);
  } else if (type == "Digits") {
    const bool is_single = json.flag_or("individual_digits", false);
    pre.add_splitter(
        make_class_splitter(kNumberClass, "", {is_single ? SplitBehavior::isolated : SplitBehavior::contiguous}));
  } else if (type == "Punctuation") {
    pre.add_splitter(
        make_class_splitter(kPunctuationClass, std::string(kAsciiPunctuation), {read_behavior(json, "Isolated")}));
  } else if (type == "WhitespaceSplit") {
    pre.add_splitter(make_class_splitter(kSpaceClass, "", {SplitBehavior::removed}));
  } else if (type == "Whitespace") {
    // \w+|[^\w\s]+ with the joiners U+200C and U+200D as word characters, as in Rust's regular expressions.
    pre.add_splitter(make_regex_splitter(R"([\w\x{200C}\x{200D}]+|[^\w\s\x{200C}\x{200D}]+)",
                                         {SplitBehavior::removed, true}, json.where()));
  } else {
    fail_unsupported(json, type);
  }
}

}  // namespace

ReadPreTokenizer read_pre_tokenizer(const JsonFields& json) {
  ReadPreTokenizer read;
  add_step(json, read);
  return read;
}

}  // namespace estoc
