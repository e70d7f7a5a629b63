// Decoders of a tokenizer.json: what the spellings of tokens mean. Each kind is a reader and a line in the list.
#include <algorithm>

#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/json_components.h"

namespace estoc {
namespace {

// Nothing needs more; a replacement must not let a few tokens become a huge text.
constexpr size_t kAffixBytesMax = 64;
constexpr int64_t kStripMax = 1 << 16;

class DecoderReader {
 public:
  void read(const JsonFields& json, int depth);
  ReadDecoder take() { return std::move(read_); }

 private:
  struct Kind {
    std::string_view name;
    void (DecoderReader::*read)(const JsonFields& json);
  };
  static const Kind kKinds[];

  void byte_level(const JsonFields&) {
    read_.decoder.add(make_byte_level_decoder());
    read_.is_byte_level = true;
  }
  void byte_fallback(const JsonFields&) { read_.decoder.add(make_byte_fallback_decoder()); }
  void fuse(const JsonFields&) {
    read_.decoder.add(make_fuse_decoder());
    is_fused_ = true;
  }
  void replace(const JsonFields& json);
  void metaspace(const JsonFields& json);
  void strip(const JsonFields& json);
  void word_piece(const JsonFields& json);
  void word_end(const JsonFields& json);
  void ctc(const JsonFields& json);
  static std::string affix(const JsonFields& json, std::string_view key, std::string_view otherwise);
  // The text of a token depends on its neighbours.
  void add_joined(std::unique_ptr<DecodeStep> step, bool strips_leading_space) {
    read_.decoder.add(std::move(step));
    read_.is_local = false;
    read_.strips_leading_space |= strips_leading_space;
  }

  ReadDecoder read_;
  bool is_fused_ = false;
  size_t growth_ = 1;
};

std::string DecoderReader::affix(const JsonFields& json, std::string_view key, std::string_view otherwise) {
  std::string text = json.string_or(key, otherwise);
  if (text.size() > kAffixBytesMax) fail_unsupported(json, fmt::format("a {} of {} bytes", key, text.size()));
  return text;
}

void DecoderReader::replace(const JsonFields& json) {
  const JsonFields pattern = json.object("pattern");
  const std::string to = affix(json, "content", "");
  // Real ones turn U+2581 into a space; all together must not make texts much longer.
  const bool is_regex = pattern.find("String") == nullptr;
  const std::string& from = pattern.string(is_regex ? "Regex" : "String");
  if (from.empty()) fail_unsupported(json, "an empty pattern");
  const size_t from_bytes = is_regex ? 1 : from.size();
  growth_ *= std::max<size_t>(1, (to.size() + from_bytes - 1) / from_bytes);
  if (growth_ > kAffixBytesMax) fail_unsupported(json, "a replacement that makes texts this much longer");
  read_.decoder.add(is_regex ? make_regex_replace_decoder(from, to, json.where()) : make_replace_decoder(from, to));
  // Across tokens, or where a pattern looks around.
  if (is_fused_ || is_regex) read_.is_local = false;
}

void DecoderReader::metaspace(const JsonFields& json) {
  const std::string mark = affix(json, "replacement", "\xE2\x96\x81");
  if (mark.empty()) fail_unsupported(json, "an empty replacement");
  const bool adds = json.flag_or("add_prefix_space", true);
  const bool drops_first = json.string_or("prepend_scheme", adds ? "always" : "never") != "never";
  add_joined(make_metaspace_decoder(mark, drops_first), drops_first);
}

void DecoderReader::strip(const JsonFields& json) {
  const std::string& content = json.string("content");
  if (content.empty() || utf8_sequence_bytes(content) != static_cast<int>(content.size()))
    fail_unsupported(json, "a content that is not one character");
  const int64_t start = json.integer_or("start", 0);
  const int64_t stop = json.integer_or("stop", 0);
  if (start < 0 || stop < 0 || start > kStripMax || stop > kStripMax)
    fail_unsupported(json, fmt::format("a Strip of {} and {} characters", start, stop));
  read_.decoder.add(make_strip_decoder(content, static_cast<size_t>(start), static_cast<size_t>(stop), is_fused_));
  if (is_fused_ && content == " " && start <= 1 && stop == 0) {
    read_.strips_leading_space |= start == 1;
  } else {
    read_.is_local = false;
  }
}

void DecoderReader::word_piece(const JsonFields& json) {
  add_joined(make_word_piece_decoder(affix(json, "prefix", "##"), json.flag_or("cleanup", true)), true);
}

void DecoderReader::word_end(const JsonFields& json) {
  const std::string suffix = affix(json, "suffix", "</w>");
  if (suffix.empty()) fail_unsupported(json, "an empty suffix");
  add_joined(make_word_end_decoder(suffix), false);
}

void DecoderReader::ctc(const JsonFields& json) {
  add_joined(make_ctc_decoder(affix(json, "pad_token", "<pad>"), affix(json, "word_delimiter_token", "|"),
                              json.flag_or("cleanup", true)),
             false);
}

constexpr DecoderReader::Kind DecoderReader::kKinds[] = {
    {"ByteLevel", &DecoderReader::byte_level},
    {"ByteFallback", &DecoderReader::byte_fallback},
    {"Fuse", &DecoderReader::fuse},
    {"Replace", &DecoderReader::replace},
    {"Metaspace", &DecoderReader::metaspace},
    {"Strip", &DecoderReader::strip},
    {"WordPiece", &DecoderReader::word_piece},
    {"BPEDecoder", &DecoderReader::word_end},
    {"CTC", &DecoderReader::ctc},
};

void DecoderReader::read(const JsonFields& json, int depth) {
  const std::string& type = json.string("type");
  if (type == "Sequence") {
    for_each_component(json, "decoders", depth, [&](const JsonFields& step, int deeper) { read(step, deeper); });
    return;
  }
  const auto* kind = std::ranges::find(kKinds, type, &Kind::name);
  if (kind == std::end(kKinds)) fail_unsupported(json, type);
  (this->*kind->read)(json);
}

}  // namespace

ReadDecoder read_decoder(const JsonFields& json) {
  DecoderReader reader;
  reader.read(json, 0);
  return reader.take();
}

ReadDecoder decoder_without_json(bool is_byte_level) {
  ReadDecoder read{.is_byte_level = is_byte_level, .is_local = is_byte_level};
  read.decoder.add(is_byte_level ? make_byte_level_decoder() : make_spaced_decoder());
  read.strips_leading_space = !is_byte_level;
  return read;
}

}  // namespace estoc
