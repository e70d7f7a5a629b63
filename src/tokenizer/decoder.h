// From the spellings of tokens back to text: a list of steps, each working on all tokens of a text at once, as the
// decoders of tokenizer.json files are defined. What a token adds to running text, which a stream needs before it knows
// what comes next, is the same steps on one token in the middle of a text.
// Immutable once built; safe from any thread; nothing throws.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace estoc {

class DecodeStep {
 public:
  virtual ~DecodeStep() = default;
  virtual void decode(std::vector<std::string>& tokens) const = 0;
  // `text` is what the steps before made of one token that is neither the first nor the last.
  virtual void run(std::string& text) const = 0;
};

class Decoder {
 public:
  void add(std::unique_ptr<DecodeStep> step) { steps_.push_back(std::move(step)); }

  std::string decode(std::vector<std::string> tokens) const;
  std::string run(std::string_view spelling) const;

 private:
  std::vector<std::unique_ptr<DecodeStep>> steps_;
};

// Every kind there is. Byte-level spellings back to bytes.
std::unique_ptr<DecodeStep> make_byte_level_decoder();
// "<0x0A>" is the byte 10; neighbouring ones that are no text become a U+FFFD each.
std::unique_ptr<DecodeStep> make_byte_fallback_decoder();
// All tokens become one.
std::unique_ptr<DecodeStep> make_fuse_decoder();
// Within each token; `from` is not empty.
std::unique_ptr<DecodeStep> make_replace_decoder(std::string from, std::string to);
std::unique_ptr<DecodeStep> make_regex_replace_decoder(std::string_view pattern, std::string to,
                                                       std::string_view where);
// Up to so many characters `content` (one character) are cut from each token's start and end. Where the tokens were
// fused that is the whole text, and running text keeps all.
std::unique_ptr<DecodeStep> make_strip_decoder(std::string content, size_t start, size_t stop, bool is_fused);
// `mark` becomes a space, and nothing in the first token when `drops_first`.
std::unique_ptr<DecodeStep> make_metaspace_decoder(std::string mark, bool drops_first);
// Words are joined by spaces; tokens that begin with `prefix` go on in a word.
std::unique_ptr<DecodeStep> make_word_piece_decoder(std::string prefix, bool cleans_up);
// `suffix`, which is not empty, ends a word.
std::unique_ptr<DecodeStep> make_word_end_decoder(std::string suffix);
// Repeated tokens are one, `pad` is nothing, `delimiter` is a space.
std::unique_ptr<DecodeStep> make_ctc_decoder(std::string pad, std::string delimiter, bool cleans_up);
// Without a decoder: tokens are joined by spaces.
std::unique_ptr<DecodeStep> make_spaced_decoder();

}  // namespace estoc
