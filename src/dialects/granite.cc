// Granite 3: <|tool_call|> and a list of objects, up to the end of the answer.
#include "dialects/families.h"
#include "dialects/object_calls.h"

namespace estoc {
namespace {

constexpr ObjectCalls kCalls = {.begin = "<|tool_call|>", .is_list = true};

}  // namespace

const Dialect kGranite = {
    .name = "granite",
    .is_seen_in = [](std::string_view text) { return has(text, "<|tool_call|>") && has(text, "<|start_of_role|>"); },
    .make_splitter = [](CallContext context) { return make_object_splitter(kCalls, std::move(context)); },
    .format = [](const CallRules& rules) { return object_format(kCalls, rules); },
    .marks = {kCalls.begin},
};

}  // namespace estoc
