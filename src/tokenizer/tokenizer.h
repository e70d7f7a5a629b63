// Text to token ids and back.
//
// What: one loaded vocabulary with its splitting rules. Built from a Hugging Face folder (open_tokenizer) or from
// the vocabulary inside a GGUF file (build_tokenizer).
// Threads: immutable after construction; every method may be called from any thread at once.
// Errors: the builders throw Error{corrupt_file, unsupported} naming the file and what was expected; encode and decode
// never throw, whatever the bytes.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace estoc {

struct EncodeOptions {
  bool add_special = true;    // put BOS/EOS where the vocabulary's post-processor says so
  bool parse_special = true;  // read special tokens written in the text ("<|im_start|>") as those tokens
};

// Ids with the segment of each, which models of pairs read beside them (Hugging Face's token_type_ids).
struct SegmentedIds {
  std::vector<TokenId> ids;
  std::vector<uint8_t> segments;
};

// What a tokenizer.json says of lengths. Encoding neither cuts nor pads by itself: what fits is the caller's to say.
struct Truncation {
  enum class Strategy : uint8_t { longest_first, only_first, only_second };
  int max_length = 0;  // of a text or pair, special tokens included
  int stride = 0;
  Strategy strategy = Strategy::longest_first;
  bool cuts_left = false;
};
struct Padding {
  std::optional<int> length;  // nothing: as long as the longest of a batch
  int multiple = 1;
  bool pads_left = false;
  TokenId id = 0;
  uint8_t segment = 0;
};

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  virtual std::vector<TokenId> encode(std::string_view text, EncodeOptions options = {}) const = 0;

  // The same with the segments, and two texts as one input: a question and its passage. Where a vocabulary does not say
  // what goes around them, a text is segment 0 and a second one segment 1.
  virtual SegmentedIds encode_segments(std::string_view text, EncodeOptions options = {}) const;
  virtual SegmentedIds encode_pair(std::string_view first, std::string_view second, EncodeOptions options = {}) const;

  // One text or two, cut where they are longer together than `tokens_max` with what goes around them, which stays
  // whole: of two the longer one is cut first, as Hugging Face's longest_first does. Cuts ends, or beginnings.
  virtual SegmentedIds encode_cut(std::string_view first, std::optional<std::string_view> second, int tokens_max,
                                  bool cuts_left = false, EncodeOptions options = {}) const;

  // The whole text of a token sequence, with invalid UTF-8 replaced by U+FFFD. Special (control) tokens give no text
  // when `skip_special`.
  virtual std::string decode(std::span<const TokenId> ids, bool skip_special = true) const = 0;

  // The bytes one token adds to running text (" Paris" with its space; one raw byte for a byte token; the literal
  // spelling of a special token). Ids outside the vocabulary give an empty view.
  virtual std::string_view token_bytes(TokenId id) const = 0;

  virtual bool is_special(TokenId id) const = 0;  // a control token: BOS, EOS, <|im_end|>...
  virtual int vocab_count() const = 0;
  virtual std::optional<TokenId> bos() const = 0;
  virtual std::optional<TokenId> eos() const = 0;
  virtual bool adds_bos() const = 0;  // encode with add_special puts BOS in front
  // All that encode with add_special puts in front: BOS as a rule, or nothing. Lives as long as the tokenizer.
  virtual std::span<const TokenId> prefix() const = 0;
  // The id of a token by its exact spelling ("<|im_end|>"), special or not.
  virtual std::optional<TokenId> find(std::string_view spelling) const = 0;
  // SentencePiece models put a blank in front of the text: the first piece of a whole text loses it again.
  virtual bool strips_leading_space() const = 0;
  // How long the file wants texts to be, where it says so.
  virtual const std::optional<Truncation>& truncation() const;
  virtual const std::optional<Padding>& padding() const;
};

// A vocabulary as GGUF metadata spells it (tokenizer.ggml.*); the views must outlive the call only.
struct GgufVocab {
  std::string source;  // file name for messages
  std::string model;   // "gpt2" (byte-level BPE), "llama" (SentencePiece BPE), "t5" (Unigram) or "bert" (WordPiece)
  std::string pre;     // name of the splitting rule: "gpt-2", "smollm", "llama-bpe", "qwen2"...
  std::vector<std::string_view> tokens;
  std::vector<float> scores;   // may be empty
  std::vector<int32_t> types;  // 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte; may be empty
  std::vector<std::string_view> merges;
  std::string chars_map;  // precompiled_charsmap, may be empty
  std::optional<TokenId> bos, eos, unknown, cls, separator;
  std::optional<bool> add_bos, add_eos, add_space_prefix, remove_extra_whitespaces;
};

std::unique_ptr<Tokenizer> build_tokenizer(const GgufVocab& vocab);

// Of a Hugging Face folder: its tokenizer.json, or the SentencePiece model or tiktoken ranks where it has none, and
// what tokenizer_config.json says beside them. `path` may also be such a file itself.
std::unique_ptr<Tokenizer> open_tokenizer(const std::string& path);

// A tokenizer.json in memory; `config_json` may be empty. `source` is used in messages.
std::unique_ptr<Tokenizer> parse_tokenizer_json(std::string_view tokenizer_json, std::string_view config_json,
                                                const std::string& source);

// A SentencePiece .model file (unigram or bpe); `config_json` as above, or empty.
std::unique_ptr<Tokenizer> parse_sentencepiece(std::string_view model, std::string_view config_json,
                                               const std::string& source);

// A file of ranks by tiktoken; `config_json` says how text is cut ("pat_str", or a class that we know).
std::unique_ptr<Tokenizer> parse_tiktoken(std::string_view ranks, std::string_view config_json,
                                          const std::string& source);

}  // namespace estoc
