// Decoders that change characters: Fuse, Replace, Strip and Metaspace.
#include "tokenizer/decoder.h"
#include "tokenizer/regex.h"
#include "tokenizer/text_replace.h"
#include "tokenizer/unicode.h"

namespace estoc {
namespace {

class FuseDecoder final : public DecodeStep {
 public:
  void decode(std::vector<std::string>& tokens) const override {
    std::string fused;
    for (const std::string& token : tokens) fused += token;
    tokens.assign(1, std::move(fused));
  }
  void run(std::string&) const override {}
};

// Changes every token by itself.
class EachDecoder : public DecodeStep {
 public:
  void decode(std::vector<std::string>& tokens) const override {
    for (std::string& token : tokens) run(token);
  }
};

class ReplaceDecoder final : public EachDecoder {
 public:
  ReplaceDecoder(std::string from, std::string to) : from_(std::move(from)), to_(std::move(to)) {}
  void run(std::string& text) const override { text = replace_all(text, from_, to_); }

 private:
  std::string from_, to_;
};

class RegexReplaceDecoder final : public EachDecoder {
 public:
  RegexReplaceDecoder(std::string_view pattern, std::string to, std::string_view where)
      : regex_(pattern, where), to_(std::move(to)) {}
  void run(std::string& text) const override { text = replace_matches(text, regex_, to_); }

 private:
  Regex regex_;
  std::string to_;
};

class StripDecoder final : public DecodeStep {
 public:
  StripDecoder(std::string content, size_t start, size_t stop, bool is_fused)
      : content_(std::move(content)), start_(start), stop_(stop), is_fused_(is_fused) {}
  void decode(std::vector<std::string>& tokens) const override {
    for (std::string& token : tokens) strip(token);
  }
  void run(std::string& text) const override {
    if (!is_fused_) strip(text);
  }

 private:
  void strip(std::string& text) const {
    std::string_view left = text;
    for (size_t i = 0; i < start_ && left.starts_with(content_); ++i) left.remove_prefix(content_.size());
    for (size_t i = 0; i < stop_ && left.ends_with(content_); ++i) left.remove_suffix(content_.size());
    text = std::string(left);
  }

  std::string content_;
  size_t start_, stop_;
  bool is_fused_;
};

class MetaspaceDecoder final : public DecodeStep {
 public:
  MetaspaceDecoder(std::string mark, bool drops_first) : mark_(std::move(mark)), drops_first_(drops_first) {}
  void decode(std::vector<std::string>& tokens) const override {
    for (size_t i = 0; i < tokens.size(); ++i) {
      tokens[i] = replace_all(tokens[i], mark_, i == 0 && drops_first_ ? "" : " ");
    }
  }
  void run(std::string& text) const override { text = replace_all(text, mark_, " "); }

 private:
  std::string mark_;
  bool drops_first_;
};

}  // namespace

std::unique_ptr<DecodeStep> make_fuse_decoder() { return std::make_unique<FuseDecoder>(); }

std::unique_ptr<DecodeStep> make_replace_decoder(std::string from, std::string to) {
  return std::make_unique<ReplaceDecoder>(std::move(from), std::move(to));
}

std::unique_ptr<DecodeStep> make_regex_replace_decoder(std::string_view pattern, std::string to,
                                                       std::string_view where) {
  return std::make_unique<RegexReplaceDecoder>(pattern, std::move(to), where);
}

std::unique_ptr<DecodeStep> make_strip_decoder(std::string content, size_t start, size_t stop, bool is_fused) {
  return std::make_unique<StripDecoder>(std::move(content), start, stop, is_fused);
}

std::unique_ptr<DecodeStep> make_metaspace_decoder(std::string mark, bool drops_first) {
  return std::make_unique<MetaspaceDecoder>(std::move(mark), drops_first);
}

}  // namespace estoc
