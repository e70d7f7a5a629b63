// Qwen3-Coder, Qwen3.5, Nemotron 3: a function between tags, each parameter's value on lines of its own.
#include "dialects/families.h"
#include "dialects/tagged_calls.h"

namespace estoc {
namespace {

constexpr TaggedCalls kCalls = {.section_begin = "<tool_call>",
                                .section_end = "</tool_call>",
                                .call_begin = "<function=",
                                .name_end = ">",
                                .call_end = "</function>",
                                .key_begin = "<parameter=",
                                .key_end = ">",
                                .value_end = "</parameter>"};

}  // namespace

const Dialect kQwen3Coder = {
    .name = "qwen3_coder",
    .aliases = "qwen3_xml nemotron_v3 step3p5",
    .is_seen_in = [](std::string_view text) { return has(text, "<function=") && has(text, "<parameter="); },
    .make_splitter = [](CallContext context) { return make_tagged_splitter(kCalls, std::move(context)); },
    .format = [](const CallRules& rules) { return tagged_format(kCalls, rules); },
    .marks = {kCalls.section_begin, kCalls.section_end},
};

}  // namespace estoc
