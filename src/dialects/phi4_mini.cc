// Phi-4-mini: a list of objects between <|tool_call|> and <|/tool_call|>.
#include "dialects/families.h"
#include "dialects/object_calls.h"

namespace estoc {
namespace {

constexpr ObjectCalls kCalls = {.begin = "<|tool_call|>", .end = "<|/tool_call|>", .is_list = true};

}  // namespace

const Dialect kPhi4Mini = {
    .name = "phi4_mini_json",
    .aliases = "phi4_mini",
    .is_seen_in = [](std::string_view text) { return has(text, "<|tool|>") || has(text, "<|/tool_call|>"); },
    .make_splitter = [](CallContext context) { return make_object_splitter(kCalls, std::move(context)); },
    .format = [](const CallRules& rules) { return object_format(kCalls, rules); },
    .marks = {kCalls.begin, kCalls.end},
};

}  // namespace estoc
