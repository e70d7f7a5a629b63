// gpt-oss: messages with channels.
#include "dialects/families.h"
#include "dialects/harmony.h"
#include "dialects/reasoning.h"

namespace estoc {
namespace {

constexpr ReasoningStyle kAnalysis = {"analysis", "", "<|channel|>analysis<|message|>", "<|end|>"};

}  // namespace

const Dialect kGptOss = {
    .name = "openai",
    .aliases = "gpt_oss harmony",
    .is_seen_in = [](std::string_view text) { return has(text, "<|channel|>") && has(text, "<|message|>"); },
    .make_splitter = make_harmony_splitter,
    .format = harmony_format,
    .marks = {"<|start|>", "<|channel|>", "<|message|>", "<|constrain|>", "<|end|>", "<|call|>", "<|return|>"},
    .own_reasoning = &kAnalysis,
    .around_text = harmony_text,
};

}  // namespace estoc
