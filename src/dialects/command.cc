// Command R7B and A: a list of objects with names of their own between <|START_ACTION|> and <|END_ACTION|>.
#include "dialects/families.h"
#include "dialects/object_calls.h"

namespace estoc {
namespace {

constexpr ObjectCalls kCalls = {.begin = "<|START_ACTION|>",
                                .end = "<|END_ACTION|>",
                                .is_list = true,
                                .names = {.name = "tool_name", .arguments = "parameters"}};

}  // namespace

const Dialect kCommand = {
    .name = "cohere_command3",
    .aliases = "command",
    .is_seen_in = [](std::string_view text) { return has(text, "<|START_ACTION|>"); },
    .make_splitter = [](CallContext context) { return make_object_splitter(kCalls, std::move(context)); },
    .format = [](const CallRules& rules) { return object_format(kCalls, rules); },
    .marks = {kCalls.begin, kCalls.end},
};

}  // namespace estoc
