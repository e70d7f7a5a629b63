// Gemma 4 and FunctionGemma: call:name{key:value} with strings between marks of their own.
#include "dialects/families.h"
#include "dialects/literal_calls.h"

namespace estoc {
namespace {

constexpr LiteralCalls kGemma4Calls = {.begin = "<|tool_call>",
                                       .end = "<tool_call|>",
                                       .is_list = false,
                                       .prefix = "call:",
                                       .open = '{',
                                       .assign = ':',
                                       .close = '}',
                                       .style = {.quote = "<|\"|>", .has_bare_keys = true}};
constexpr LiteralCalls kFunctionCalls = {.begin = "<start_function_call>",
                                         .end = "<end_function_call>",
                                         .is_list = false,
                                         .prefix = "call:",
                                         .open = '{',
                                         .assign = ':',
                                         .close = '}',
                                         .style = {.quote = "<escape>", .has_bare_keys = true}};

}  // namespace

const Dialect kGemma4 = {
    .name = "gemma4",
    .is_seen_in = [](std::string_view text) { return has(text, "<|tool_call>call:"); },
    .make_splitter = [](CallContext context) { return make_literal_splitter(kGemma4Calls, std::move(context)); },
    .format = [](const CallRules& rules) { return literal_format(kGemma4Calls, rules); },
    .marks = {kGemma4Calls.begin, kGemma4Calls.end, kGemma4Calls.style.quote},
};

const Dialect kFunctionGemma = {
    .name = "functiongemma",
    .is_seen_in = [](std::string_view text) { return has(text, "<start_function_call>"); },
    .make_splitter = [](CallContext context) { return make_literal_splitter(kFunctionCalls, std::move(context)); },
    .format = [](const CallRules& rules) { return literal_format(kFunctionCalls, rules); },
    .marks = {kFunctionCalls.begin, kFunctionCalls.end, kFunctionCalls.style.quote},
};

}  // namespace estoc
