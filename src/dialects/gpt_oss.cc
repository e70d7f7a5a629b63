// gpt-oss: messages with channels.
#include "dialects/families.h"
#include "dialects/harmony.h"

namespace estoc {

const Dialect kGptOss = {
    .name = "openai",
    .aliases = "gpt_oss harmony",
    .is_seen_in = [](std::string_view text) { return has(text, "<|channel|>") && has(text, "<|message|>"); },
    .make_splitter = make_harmony_splitter,
    .format = harmony_format,
    .marks = {"<|start|>", "<|channel|>", "<|message|>", "<|constrain|>", "<|end|>", "<|call|>", "<|return|>"},
    .splits_reasoning = true,
};

}  // namespace estoc
