// Reads the tokenizer keys out of a GGUF file. For tests only: it trusts its input (the real reader is weights/).
#pragma once

#include <cstring>
#include <map>
#include <stdexcept>

#include "base/mapped_file.h"
#include "tokenizer/tokenizer.h"

namespace estoc {

class GgufVocabReader {
 public:
  // The returned views live as long as `file`.
  static GgufVocab read(const MappedFile& file) {
    GgufVocabReader reader(file);
    return reader.read_vocab(file.path());
  }

 private:
  enum Type : uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, string, array, u64, i64, f64 };

  explicit GgufVocabReader(const MappedFile& file)
      : at_(reinterpret_cast<const char*>(file.bytes().data())), end_(at_ + file.bytes().size()) {}

  GgufVocab read_vocab(const std::string& source) {
    GgufVocab vocab;
    vocab.source = source;
    take<uint64_t>();  // magic and version
    take<uint64_t>();  // tensors
    for (auto left = take<uint64_t>(); left > 0; --left) {
      std::string key(take_string());
      const auto type = take<uint32_t>();
      const std::string prefix = "tokenizer.ggml.";
      read_value(key.starts_with(prefix) ? key.substr(prefix.size()) : "", type, vocab);
    }
    return vocab;
  }

  void read_value(const std::string& key, uint32_t type, GgufVocab& vocab) {
    if (type == array) {
      const auto element = take<uint32_t>();
      for (auto left = take<uint64_t>(); left > 0; --left) {
        if (element == string) {
          const std::string_view text = take_string();
          if (key == "tokens") vocab.tokens.push_back(text);
          if (key == "merges") vocab.merges.push_back(text);
        } else if (key == "scores" && element == f32) {
          vocab.scores.push_back(take<float>());
        } else if (key == "precompiled_charsmap") {
          vocab.chars_map += take_bytes(size_of(element))[0];
        } else if (key == "token_type" && element == i32) {
          vocab.types.push_back(take<int32_t>());
        } else {
          take_bytes(size_of(element));
        }
      }
    } else if (type == string) {
      const std::string_view text = take_string();
      if (key == "model") vocab.model = text;
      if (key == "pre") vocab.pre = text;
    } else if (type == u32) {
      const auto value = static_cast<TokenId>(take<uint32_t>());
      if (key == "bos_token_id") vocab.bos = value;
      if (key == "eos_token_id") vocab.eos = value;
      if (key == "unknown_token_id") vocab.unknown = value;
      if (key == "cls_token_id") vocab.cls = value;
      if (key == "seperator_token_id") vocab.separator = value;
    } else if (type == boolean) {
      const bool value = take<uint8_t>() != 0;
      if (key == "add_bos_token") vocab.add_bos = value;
      if (key == "add_eos_token") vocab.add_eos = value;
      if (key == "add_space_prefix") vocab.add_space_prefix = value;
      if (key == "remove_extra_whitespaces") vocab.remove_extra_whitespaces = value;
    } else {
      take_bytes(size_of(type));
    }
  }

  static size_t size_of(uint32_t type) {
    switch (type) {
      case u8:
      case i8:
      case boolean:
        return 1;
      case u16:
      case i16:
        return 2;
      case u32:
      case i32:
      case f32:
        return 4;
      default:
        return 8;
    }
  }

  std::string_view take_bytes(size_t bytes) {
    if (bytes > static_cast<size_t>(end_ - at_)) throw std::runtime_error("truncated GGUF file");
    const std::string_view taken(at_, bytes);
    at_ += bytes;
    return taken;
  }
  std::string_view take_string() { return take_bytes(take<uint64_t>()); }
  template <typename T>
  T take() {
    T value;
    std::memcpy(&value, take_bytes(sizeof(T)).data(), sizeof(T));
    return value;
  }

  const char* at_;
  const char* end_;
};

}  // namespace estoc
