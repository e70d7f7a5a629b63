// Calls as Python writes them: Llama 3.2 and ToolACE bare, Llama 4, LFM2 and OLMo 3 between marks.
#include "dialects/families.h"
#include "dialects/literal_calls.h"

namespace estoc {
namespace {

constexpr LiteralCalls kBare = {};
constexpr LiteralCalls kLlama4 = {.begin = "<|python_start|>", .end = "<|python_end|>", .may_lack_begin = true};
constexpr LiteralCalls kLfm2 = {.begin = "<|tool_call_start|>", .end = "<|tool_call_end|>", .may_lack_begin = true};
constexpr LiteralCalls kOlmo3 = {.begin = "<function_calls>", .end = "</function_calls>"};

}  // namespace

const Dialect kPythonic = {
    .name = "pythonic",
    .is_seen_in = [](std::string_view text) { return has(text, "[func_name1("); },
    .make_splitter = [](CallContext context) { return make_literal_splitter(kBare, std::move(context)); },
    .format = [](const CallRules& rules) { return literal_format(kBare, rules); },
    .marks = {},
};

const Dialect kLlama4Pythonic = {
    .name = "llama4_pythonic",
    .is_seen_in = [](std::string_view text) { return has(text, "<|python_start|>"); },
    .make_splitter = [](CallContext context) { return make_literal_splitter(kLlama4, std::move(context)); },
    .format = [](const CallRules& rules) { return literal_format(kLlama4, rules); },
    .marks = {kLlama4.begin, kLlama4.end},
};

const Dialect kLfm2Dialect = {
    .name = "lfm2",
    .is_seen_in =
        [](std::string_view text) { return has(text, "<|tool_call_start|>") || has(text, "<|tool_list_start|>"); },
    .make_splitter = [](CallContext context) { return make_literal_splitter(kLfm2, std::move(context)); },
    .format = [](const CallRules& rules) { return literal_format(kLfm2, rules); },
    .marks = {kLfm2.begin, kLfm2.end},
};

const Dialect kOlmo3Dialect = {
    .name = "olmo3",
    .is_seen_in = [](std::string_view text) { return has(text, "<function_calls>"); },
    .make_splitter = [](CallContext context) { return make_literal_splitter(kOlmo3, std::move(context)); },
    .format = [](const CallRules& rules) { return literal_format(kOlmo3, rules); },
    .marks = {kOlmo3.begin, kOlmo3.end},
};

}  // namespace estoc
