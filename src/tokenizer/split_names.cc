#include "tokenizer/split_names.h"

#include <algorithm>

#include "base/error.h"

namespace estoc {
namespace {

enum class Family { gpt2, digits_gpt2, llama3, qwen2, qwen35, gpt4o, tekken, deepseek_coder, deepseek_v3 };

struct NamedFamily {
  std::string_view name;
  Family family;
};

// Names as the converters of GGUF files write them.
constexpr NamedFamily kNames[] = {
    {"gpt-2", Family::gpt2},
    {"phi-2", Family::gpt2},
    {"gigachat", Family::gpt2},
    {"olmo", Family::gpt2},
    {"mpt", Family::gpt2},
    {"jais", Family::gpt2},
    {"trillion", Family::gpt2},
    {"granite-docling", Family::gpt2},
    {"smollm", Family::digits_gpt2},
    {"starcoder", Family::digits_gpt2},
    {"refact", Family::digits_gpt2},
    {"command-r", Family::digits_gpt2},
    {"exaone", Family::digits_gpt2},
    {"codeshell", Family::digits_gpt2},
    {"minerva-7b", Family::digits_gpt2},
    {"llama-bpe", Family::llama3},
    {"llama3", Family::llama3},
    {"llama-v3", Family::llama3},
    {"falcon3", Family::llama3},
    {"falcon-h1", Family::llama3},
    {"lfm2", Family::llama3},
    {"midm-2.0", Family::llama3},
    {"pixtral", Family::llama3},
    {"qwen2", Family::qwen2},
    {"deepseek-r1-qwen", Family::qwen2},
    {"stablelm2", Family::qwen2},
    {"hunyuan", Family::qwen2},
    {"megrez", Family::qwen2},
    {"qwen35", Family::qwen35},
    {"gpt-4o", Family::gpt4o},
    {"llama4", Family::gpt4o},
    {"minimax-m2", Family::gpt4o},
    {"tekken", Family::tekken},
    {"deepseek-coder", Family::deepseek_coder},
    {"deepseek-v3", Family::deepseek_v3},
    {"hunyuan-dense", Family::deepseek_v3},
};

// The patterns of openai/tiktoken's o200k_base and, without contractions and with single digits, of Mistral's Tekken.
constexpr std::string_view kGpt4oPattern =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kTekkenPattern =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"
    R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

// DeepSeek cuts several times over: each pattern works on the pieces the one before left.
constexpr std::string_view kDeepseekCoderPatterns[] = {R"([\r\n])", R"(\s?\p{L}+)", R"(\s?\p{P}+)",
                                                       R"([\x{4E00}-\x{9FA5}\x{0800}-\x{4E00}\x{AC00}-\x{D7FF}]+)",
                                                       R"(\p{N})"};
constexpr std::string_view kDeepseekV3Patterns[] = {
    R"(\p{N}{1,3})", R"([\x{4E00}-\x{9FA5}\x{3040}-\x{309F}\x{30A0}-\x{30FF}]+)",
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)"};

void add_family(Family family, std::string_view source, PreTokenizer& pre) {
  const auto add_pattern = [&](std::string_view pattern) {
    pre.add_splitter(make_regex_splitter(pattern, {}, source));
  };
  switch (family) {
    case Family::digits_gpt2:
      pre.add_splitter(make_class_splitter(kNumberClass, "", {}));
      [[fallthrough]];
    case Family::gpt2:
      pre.add_splitter(make_scan_splitter(ScanRule::gpt2));
      break;
    case Family::llama3:
      pre.add_splitter(make_scan_splitter(ScanRule::llama3));
      break;
    case Family::qwen2:
      pre.add_splitter(make_scan_splitter(ScanRule::qwen2));
      break;
    case Family::qwen35:
      pre.add_splitter(make_scan_splitter(ScanRule::qwen35));
      break;
    case Family::gpt4o:
      add_pattern(kGpt4oPattern);
      break;
    case Family::tekken:
      add_pattern(kTekkenPattern);
      break;
    case Family::deepseek_coder:
      std::ranges::for_each(kDeepseekCoderPatterns, add_pattern);
      break;
    case Family::deepseek_v3:
      std::ranges::for_each(kDeepseekV3Patterns, add_pattern);
      break;
  }
}

}  // namespace

NamedSplits splits_of_name(std::string_view name, std::string_view source) {
  const auto* found = std::ranges::find(kNames, name, &NamedFamily::name);
  if (found == std::end(kNames)) {
    fail(ErrorCode::unsupported, "{}: tokenizer.ggml.pre names the splitting rule \"{}\", which is not supported",
         source, name);
  }
  NamedSplits splits;
  add_family(found->family, source, splits.pre_tokenizer);
  splits.ignore_merges = found->family == Family::llama3 || found->family == Family::tekken;
  splits.adds_bos = splits.ignore_merges;
  return splits;
}

}  // namespace estoc
