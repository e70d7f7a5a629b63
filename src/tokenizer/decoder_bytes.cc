// Decoders of tokens that spell bytes: ByteLevel and ByteFallback.
#include "base/utf8.h"
#include "tokenizer/byte_level.h"
#include "tokenizer/decoder.h"
#include "tokenizer/spelled_byte.h"
#include "tokenizer/whole_characters.h"

namespace estoc {
namespace {

class ByteLevelDecoder final : public DecodeStep {
 public:
  void decode(std::vector<std::string>& tokens) const override {
    std::string bytes;
    for (std::string& token : tokens) {
      run(token);
      bytes += token;
    }
    tokens.assign(1, to_valid_utf8(bytes));
  }
  // A token that spells no bytes stands for itself.
  void run(std::string& text) const override {
    if (auto bytes = bytes_of_spelling(text)) text = std::move(*bytes);
  }
};

class ByteFallbackDecoder final : public DecodeStep {
 public:
  void decode(std::vector<std::string>& tokens) const override {
    std::vector<std::string> decoded;
    std::string bytes;
    for (std::string& token : tokens) {
      if (const auto byte = spelled_byte(token)) {
        bytes.push_back(static_cast<char>(*byte));
        continue;
      }
      flush(bytes, decoded);
      decoded.push_back(std::move(token));
    }
    flush(bytes, decoded);
    tokens = std::move(decoded);
  }
  void run(std::string& text) const override {
    if (const auto byte = spelled_byte(text)) text.assign(1, static_cast<char>(*byte));
  }

 private:
  static void flush(std::string& bytes, std::vector<std::string>& decoded) {
    if (bytes.empty()) return;
    if (is_valid_utf8(bytes)) {
      decoded.push_back(bytes);
    } else {
      decoded.insert(decoded.end(), bytes.size(), "\xEF\xBF\xBD");
    }
    bytes.clear();
  }
};

}  // namespace

std::unique_ptr<DecodeStep> make_byte_level_decoder() { return std::make_unique<ByteLevelDecoder>(); }
std::unique_ptr<DecodeStep> make_byte_fallback_decoder() { return std::make_unique<ByteFallbackDecoder>(); }

}  // namespace estoc
