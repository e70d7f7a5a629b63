// Apriel 1.5: a list of objects between <tool_calls> and </tool_calls>.
#include "dialects/families.h"
#include "dialects/object_calls.h"

namespace estoc {
namespace {

constexpr ObjectCalls kCalls = {.begin = "<tool_calls>", .end = "</tool_calls>", .is_list = true};

}  // namespace

const Dialect kApriel = {
    .name = "apriel",
    .is_seen_in = [](std::string_view text) { return has(text, "<tool_calls>["); },
    .make_splitter = [](CallContext context) { return make_object_splitter(kCalls, std::move(context)); },
    .format = [](const CallRules& rules) { return object_format(kCalls, rules); },
    .marks = {kCalls.begin, kCalls.end},
};

}  // namespace estoc
