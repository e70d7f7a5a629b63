#include "tokenizer/end_spellings.h"

#include <algorithm>

namespace estoc {
namespace {

struct EndSpelling {
  std::string_view spelling;
  // Only where the vocabulary says that it is a special token: text about markup may spell it.
  bool must_be_special = false;
  // A vocabulary that has this token means something else.
  std::string_view unless = {}, or_unless = {};
};

// The spellings that published models use; llama.cpp ends at the same ones.
constexpr EndSpelling kEndSpellings[] = {
    {"<|endoftext|>"},
    {"<|end_of_text|>"},
    {"<|im_end|>"},             // ChatML
    {"<|eot_id|>"},             // Llama 3: of a turn
    {"<|eom_id|>"},             // Llama 3: of a message that calls a tool
    {"<|eot|>"},                // Llama 4
    {"<|eom|>"},                // Llama 4
    {"<end_of_turn>"},          // Gemma
    {"<turn|>"},                // Gemma 4
    {"<|tool_response>"},       // Gemma 4: what comes next is the tool's to say
    {"<end_of_utterance>"},     // SmolVLM
    {"<|end_of_turn|>"},        // OpenChat
    {"<|endofturn|>"},          // HyperCLOVA
    {"[|endofturn|]"},          // EXAONE
    {"<｜end▁of▁sentence｜>"},  // DeepSeek
    {"[e~["},                   // MiniMax
    {"<|return|>"},             // harmony
    {"<|call|>"},               // harmony
    {"<|calls|>"},              // Solar
    {"<|flush|>"},              // Solar
    // Phi. Between the messages of one answer in harmony's and Solar's formats.
    {.spelling = "<|end|>", .unless = "<|return|>", .or_unless = "<|flush|>"},
    {.spelling = "<EOT>", .must_be_special = true},
    {.spelling = "_<EOT>", .must_be_special = true},
    {.spelling = "[EOT]", .must_be_special = true},
    {.spelling = "[EOS]", .must_be_special = true},
    {.spelling = "<eos>", .must_be_special = true},
    {.spelling = "</s>", .must_be_special = true, .unless = "<|tool_response>"},
};

bool has(const Tokenizer& tokenizer, std::string_view spelling) {
  return !spelling.empty() && tokenizer.find(spelling).has_value();
}

}  // namespace

std::vector<TokenId> well_known_ends(const Tokenizer& tokenizer) {
  std::vector<TokenId> ends;
  for (const EndSpelling& end : kEndSpellings) {
    const std::optional<TokenId> id = tokenizer.find(end.spelling);
    if (!id || (end.must_be_special && !tokenizer.is_special(*id))) continue;
    if (has(tokenizer, end.unless) || has(tokenizer, end.or_unless)) continue;
    ends.push_back(*id);
  }
  return ends;
}

bool is_control_spelling(std::string_view spelling) {
  if (!spelling.starts_with('<') && !spelling.starts_with('[')) return false;  // most tokens, and there are many
  const auto* found = std::ranges::find(kEndSpellings, spelling, &EndSpelling::spelling);
  return found != std::end(kEndSpellings) && !found->must_be_special;
}

}  // namespace estoc
