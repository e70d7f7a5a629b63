#include "tokenizer/split_names.h"

#include <algorithm>
#include <span>
#include <string>

#include "base/error.h"
#include "base/log.h"
#include "tokenizer/split_patterns.h"

namespace estoc {
namespace {

using Pattern = std::string_view;

constexpr Pattern kGpt2[] = {kGpt2Pattern};
constexpr Pattern kDigitsGpt2[] = {kDigitPattern, kGpt2Pattern};
constexpr Pattern kLlama3[] = {kLlama3Pattern};
constexpr Pattern kQwen2[] = {kQwen2Pattern};
constexpr Pattern kQwen35[] = {kQwen35Pattern};
constexpr Pattern kGpt4o[] = {kGpt4oPattern};
constexpr Pattern kTekken[] = {kTekkenPattern};
constexpr Pattern kDeepseekLlm[] = {kLineEndPattern,         kCasedLettersPattern,      kDeepseekPunctuationPattern,
                                    kBlanksAtLineEndPattern, kDeepseekEastAsianPattern, kDigitsPattern};
constexpr Pattern kDeepseekCoder[] = {kLineEndPattern, kSpacedLettersPattern, kSpacedPunctuationPattern,
                                      kDeepseekEastAsianPattern, kDigitPattern};
constexpr Pattern kDeepseekV3[] = {kThreeDigitsPattern, kHanAndKanaPattern, kDeepseekWordsPattern};
constexpr Pattern kSpark[] = {kThreeDigitsPattern, kHanAndKanaPattern, kSparkWordsPattern, kDigitPattern};
constexpr Pattern kFalcon[] = {kFalconPunctuationPattern, kGpt2Pattern, kThreeAsciiDigitsPattern};
constexpr Pattern kUnnamed[] = {kDefaultPunctuationPattern, kGpt2Pattern, kDigitsPattern, kThreeAsciiDigitsPattern};
constexpr Pattern kBloom[] = {kBloomPattern};
constexpr Pattern kViking[] = {kBloomPattern, kDigitPattern};
constexpr Pattern kChameleon[] = {kSentinelPattern, kImageTokenPattern,      kIndentationPattern,
                                  kDigitPattern,    kPunctuationMarkPattern, kGpt2Pattern};
constexpr Pattern kTinyAya[] = {kThreeDigitsFromWordEndPattern, kGpt4oPattern};
constexpr Pattern kSuperbpe[] = {kDigitsPattern, kThreeDigitsFromRightPattern};
constexpr Pattern kAfmoe[] = {kThreeNumbersFromRightPattern, kAsianScriptsPattern, kDeepseekWordsPattern};
constexpr Pattern kKimi[] = {kKimiPattern};
constexpr Pattern kYoutu[] = {kYoutuEastAsianPattern, kYoutuPattern};
constexpr Pattern kLaguna[] = {kLinesPattern, kQwen2Pattern};
constexpr Pattern kJais2[] = {kJais2Pattern};
constexpr Pattern kSeedCoder[] = {kSeedCoderPattern};
constexpr Pattern kBailing[] = {kBailingPattern};
constexpr Pattern kUfakzeka[] = {kNoContractionsPattern};
constexpr Pattern kExaoneMoe[] = {kExaoneMoePattern};
constexpr Pattern kMinicpm5[] = {kThreeDigitsPattern, kMinicpm5Pattern};

struct NamedRule {
  std::string_view name;
  std::span<const Pattern> patterns;
  bool ignore_merges = false;  // a word that is a token is that token
  bool adds_bos = false;       // unless the file says otherwise
};

// Names as the converters of GGUF files write them, with what llama.cpp takes them to mean.
constexpr NamedRule kRules[] = {
    {"gpt-2", kGpt2},
    {"phi-2", kGpt2},
    {"gigachat", kGpt2},
    {"olmo", kGpt2},
    {"mpt", kGpt2},
    {"jais", kGpt2},
    {"trillion", kGpt2},
    {"granite-docling", kGpt2},
    {"exaone4", kGpt2},
    {"mellum", kGpt2},
    {"a.x-4.0", kGpt2},
    {"modern-bert", kGpt2},
    {"roberta-bpe", kGpt2},
    {"jina-v1-en", kGpt2},
    {"jina-v2-code", kGpt2},
    {"jina-v2-es", kGpt2},
    {"jina-v2-de", kGpt2},
    {"jina-es", kGpt2},
    {"jina-de", kGpt2},
    {"smollm", kDigitsGpt2},
    {"starcoder", kDigitsGpt2},
    {"refact", kDigitsGpt2},
    {"command-r", kDigitsGpt2},
    {"exaone", kDigitsGpt2},
    {"codeshell", kDigitsGpt2},
    {"minerva-7b", kDigitsGpt2},
    {"mellum2", kDigitsGpt2},
    {"llama-bpe", kLlama3, true, true},
    {"llama3", kLlama3, true, true},
    {"llama-v3", kLlama3, true, true},
    {"falcon3", kLlama3, true, true},
    {"falcon-h1", kLlama3, true, true},
    {"lfm2", kLlama3, true, true},
    {"midm-2.0", kLlama3, true, true},
    {"pixtral", kLlama3, true, true},
    {"jina-v5-nano", kLlama3, true, true},
    {"smaug-bpe", kLlama3},
    {"dbrx", kLlama3},
    {"glm4", kLlama3},
    {"chatglm-bpe", kLlama3},
    {"qwen2", kQwen2},
    {"deepseek-r1-qwen", kQwen2},
    {"stablelm2", kQwen2},
    {"hunyuan", kQwen2},
    {"megrez", kQwen2},
    {"kormo", kQwen2},
    {"f2llmv2", kQwen2},
    {"grok-2", kQwen2},
    {"solar-open", kQwen2},
    {"qwen35", kQwen35},
    {"gpt-4o", kGpt4o},
    {"llama4", kGpt4o},
    {"kanana2", kGpt4o},
    {"talkie", kGpt4o},
    {"minimax-m2", kGpt4o},
    {"granite-embed-multi-97m", kGpt4o, true},
    {"tekken", kTekken, true, true},
    {"tiny_aya", kTinyAya},
    {"cohere2moe", kTinyAya},
    {"kimi-k2", kKimi},
    {"youtu", kYoutu, true},
    {"deepseek-llm", kDeepseekLlm},
    {"deepseek-coder", kDeepseekCoder},
    {"deepseek-v3", kDeepseekV3},
    {"hunyuan-dense", kDeepseekV3},
    {"joyai-llm", kDeepseekV3},
    {"hy_v4", kDeepseekV3},
    {"spark2_5", kSpark},
    {"afmoe", kAfmoe},
    {"falcon", kFalcon},
    {"bloom", kBloom},
    {"gpt3-finnish", kBloom},
    {"poro-chat", kBloom},
    {"viking", kViking},
    {"chameleon", kChameleon, false, true},
    {"superbpe", kSuperbpe},
    {"laguna", kLaguna},
    {"jais-2", kJais2},
    {"seed-coder", kSeedCoder},
    {"bailingmoe", kBailing},
    {"bailingmoe2", kBailing},
    {"llada-moe", kBailing},
    {"ufakzeka", kUfakzeka},
    {"exaone-moe", kExaoneMoe},
    {"minicpm5", kMinicpm5, true},
};

NamedSplits splits_of(const NamedRule& rule, std::string_view source) {
  NamedSplits splits{.ignore_merges = rule.ignore_merges, .adds_bos = rule.adds_bos};
  for (const Pattern pattern : rule.patterns) {
    splits.pre_tokenizer.add_splitter(make_regex_splitter(pattern, {}, source));
  }
  return splits;
}

}  // namespace

NamedSplits splits_of_name(std::string_view name, std::string_view source) {
  if (name.empty() || name == "default") {
    log_warn("{}: tokenizer.ggml.pre {}: text is split by a rule for any model, which may cost quality", source,
             name.empty() ? "is missing" : "is \"default\"");
    return splits_of({name, kUnnamed}, source);
  }
  const auto* found = std::ranges::find(kRules, name, &NamedRule::name);
  if (found != std::end(kRules)) return splits_of(*found, source);
  std::string known;
  for (const std::string_view rule : split_names()) known += (known.empty() ? "" : ", ") + std::string(rule);
  fail(ErrorCode::unsupported,
       "{}: tokenizer.ggml.pre names the splitting rule \"{}\", which is not supported ({} are)", source,
       name.substr(0, 100), known);
}

std::vector<std::string_view> split_names() {
  std::vector<std::string_view> names;
  for (const NamedRule& rule : kRules) names.push_back(rule.name);
  return names;
}

}  // namespace estoc
