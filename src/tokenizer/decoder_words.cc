// Decoders that put words together: WordPiece, BPEDecoder (a suffix ends a word), CTC, and none at all.
#include <algorithm>
#include <string_view>
#include <utility>

#include "tokenizer/decoder.h"
#include "tokenizer/text_replace.h"

namespace estoc {
namespace {

// English as it is written: no blank before punctuation and contractions. In this order.
constexpr std::pair<std::string_view, std::string_view> kCleanups[] = {
    {" .", "."},   {" ?", "?"},           {" !", "!"},   {" ,", ","},     {" ' ", "'"},    {" n't", "n't"},
    {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"},
};

std::string cleaned(std::string text) {
  if (text.find(' ') == std::string::npos) return text;
  for (const auto& [from, to] : kCleanups) text = replace_all(text, from, to);
  return text;
}

class WordPieceDecoder final : public DecodeStep {
 public:
  WordPieceDecoder(std::string prefix, bool cleans_up) : prefix_(std::move(prefix)), cleans_up_(cleans_up) {}
  void decode(std::vector<std::string>& tokens) const override {
    for (size_t i = 0; i < tokens.size(); ++i) {
      if (i > 0) {
        run(tokens[i]);
      } else if (cleans_up_) {
        tokens[i] = cleaned(std::move(tokens[i]));
      }
    }
  }
  void run(std::string& text) const override {
    if (text.starts_with(prefix_)) {
      text.erase(0, prefix_.size());
    } else {
      text.insert(0, 1, ' ');
    }
    if (cleans_up_) text = cleaned(std::move(text));
  }

 private:
  std::string prefix_;
  bool cleans_up_;
};

class WordEndDecoder final : public DecodeStep {
 public:
  explicit WordEndDecoder(std::string suffix) : suffix_(std::move(suffix)) {}
  void decode(std::vector<std::string>& tokens) const override {
    for (size_t i = 0; i < tokens.size(); ++i) {
      tokens[i] = replace_all(tokens[i], suffix_, i + 1 == tokens.size() ? "" : " ");
    }
  }
  void run(std::string& text) const override { text = replace_all(text, suffix_, " "); }

 private:
  std::string suffix_;
};

class CtcDecoder final : public DecodeStep {
 public:
  CtcDecoder(std::string pad, std::string delimiter, bool cleans_up)
      : pad_(std::move(pad)), delimiter_(std::move(delimiter)), cleans_up_(cleans_up) {}
  void decode(std::vector<std::string>& tokens) const override {
    tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
    for (std::string& token : tokens) run(token);
    std::erase(tokens, std::string());
  }
  void run(std::string& text) const override {
    if (!pad_.empty()) text = replace_all(text, pad_, "");
    if (!cleans_up_) return;
    text = cleaned(std::move(text));
    if (!delimiter_.empty()) text = replace_all(text, delimiter_, " ");
  }

 private:
  std::string pad_, delimiter_;
  bool cleans_up_;
};

class SpacedDecoder final : public DecodeStep {
 public:
  void decode(std::vector<std::string>& tokens) const override {
    for (size_t i = 1; i < tokens.size(); ++i) run(tokens[i]);
  }
  void run(std::string& text) const override { text.insert(0, 1, ' '); }
};

}  // namespace

std::unique_ptr<DecodeStep> make_word_piece_decoder(std::string prefix, bool cleans_up) {
  return std::make_unique<WordPieceDecoder>(std::move(prefix), cleans_up);
}

std::unique_ptr<DecodeStep> make_word_end_decoder(std::string suffix) {
  return std::make_unique<WordEndDecoder>(std::move(suffix));
}

std::unique_ptr<DecodeStep> make_ctc_decoder(std::string pad, std::string delimiter, bool cleans_up) {
  return std::make_unique<CtcDecoder>(std::move(pad), std::move(delimiter), cleans_up);
}

std::unique_ptr<DecodeStep> make_spaced_decoder() { return std::make_unique<SpacedDecoder>(); }

}  // namespace estoc
