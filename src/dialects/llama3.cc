// Llama 3.1 to 3.3: an answer that is an object with name and parameters, perhaps behind <|python_tag|>, and several
// with semicolons between them.
#include "dialects/families.h"
#include "dialects/object_calls.h"

namespace estoc {
namespace {

constexpr ObjectCalls kCalls = {
    .begin = "<|python_tag|>", .may_lack_begin = true, .separator = "; ", .names = {.arguments = "parameters"}};

}  // namespace

const Dialect kLlama3 = {
    .name = "llama3_json",
    .aliases = "llama4_json",
    .is_seen_in =
        [](std::string_view text) {
          return has(text, "<|python_tag|>") || (has(text, "\"parameters\": ") && has(text, "<|start_header_id|>"));
        },
    .make_splitter = [](CallContext context) { return make_object_splitter(kCalls, std::move(context)); },
    .format = [](const CallRules& rules) { return object_format(kCalls, rules); },
    .marks = {kCalls.begin},
};

}  // namespace estoc
