// Hermes, Qwen 2.5 and 3, QwQ, Granite 4, SmolLM3: an object between <tool_call> and </tool_call> for each call.
#include "dialects/families.h"
#include "dialects/object_calls.h"

namespace estoc {
namespace {

constexpr ObjectCalls kCalls = {.begin = "<tool_call>", .end = "</tool_call>", .blank = "\n", .separator = "\n"};

}  // namespace

const Dialect kHermes = {
    .name = "hermes",
    .aliases = "qwen qwen25 granite4",
    .is_seen_in = [](std::string_view text) { return has(text, "<tool_call>"); },
    .make_splitter = [](CallContext context) { return make_object_splitter(kCalls, std::move(context)); },
    .format = [](const CallRules& rules) { return object_format(kCalls, rules); },
    .marks = {kCalls.begin, kCalls.end},
};

}  // namespace estoc
