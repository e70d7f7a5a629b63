// Encodes for tokenizers_against_oracles.py: tokenizer_encoder PATH [--no-special] [--as-text] [--decode] [--pair]
// [--time]
//
// PATH is a tokenizer.json (alone), a vocabulary in a GGUF file, or what open_tokenizer takes. Standard input has
// texts, each as a 32-bit length and its bytes; for each the answer is a 32-bit count and the ids, and with --decode a
// 32-bit length and the bytes that the ids decode to. With --pair two texts at a time are one input, and a 32-bit count
// and the segments follow the ids. With --time nothing but three numbers: the seconds of opening and of encoding all,
// and the ids. What is no tokenizer is one sentence on the standard error and the exit code 2.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/mapped_file.h"
#include "tokenizer/gguf_vocab_reader.h"
#include "tokenizer/tokenizer.h"

namespace {

std::unique_ptr<estoc::Tokenizer> open(const std::string& path) {
  if (path.ends_with(".gguf")) {
    const estoc::MappedFile file(path);
    return estoc::build_tokenizer(estoc::GgufVocabReader::read(file));
  }
  if (path.ends_with(".json")) return estoc::parse_tokenizer_json(estoc::read_file(path), "", path);
  return estoc::open_tokenizer(path);
}

bool read_text(std::string& text) {
  uint32_t bytes = 0;
  if (std::fread(&bytes, sizeof(bytes), 1, stdin) != 1) return false;
  text.resize(bytes);
  return std::fread(text.data(), 1, bytes, stdin) == bytes;
}

void write_counted(const void* data, size_t count, size_t bytes) {
  const auto count32 = static_cast<uint32_t>(count);
  std::fwrite(&count32, sizeof(count32), 1, stdout);
  std::fwrite(data, 1, bytes, stdout);
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void time_texts(const estoc::Tokenizer& tokenizer, estoc::EncodeOptions options, double opened) {
  std::vector<std::string> texts;
  for (std::string text; read_text(text);) texts.push_back(text);
  const auto start = std::chrono::steady_clock::now();
  size_t count = 0;
  for (const std::string& text : texts) count += tokenizer.encode(text, options).size();
  std::printf("%.6f %.6f %zu\n", opened, seconds_since(start), count);
}

}  // namespace

int main(int argc, char** argv) {
  const auto has_flag = [&](const char* flag) {
    for (int i = 2; i < argc; ++i) {
      if (std::strcmp(argv[i], flag) == 0) return true;
    }
    return false;
  };
  if (argc < 2) return 2;
  try {
    const auto start = std::chrono::steady_clock::now();
    const auto tokenizer = open(argv[1]);
    const double opened = seconds_since(start);
    const estoc::EncodeOptions options{.add_special = !has_flag("--no-special"),
                                       .parse_special = !has_flag("--as-text")};
    if (has_flag("--time")) {
      time_texts(*tokenizer, options, opened);
      return 0;
    }
    std::string text;
    const bool has_decode = has_flag("--decode"), has_pairs = has_flag("--pair");
    while (read_text(text)) {
      if (has_pairs) {
        std::string second;
        if (!read_text(second)) break;
        const estoc::SegmentedIds pair = tokenizer->encode_pair(text, second, options);
        write_counted(pair.ids.data(), pair.ids.size(), pair.ids.size() * sizeof(estoc::TokenId));
        write_counted(pair.segments.data(), pair.segments.size(), pair.segments.size());
        continue;
      }
      const std::vector<estoc::TokenId> ids = tokenizer->encode(text, options);
      write_counted(ids.data(), ids.size(), ids.size() * sizeof(estoc::TokenId));
      if (!has_decode) continue;
      const std::string decoded = tokenizer->decode(ids, false);
      write_counted(decoded.data(), decoded.size(), decoded.size());
    }
  } catch (const estoc::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
  return 0;
}
