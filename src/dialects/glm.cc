// GLM 4.5 to 4.7: the name, then keys and values between tags of their own; 4.7 without line breaks.
#include "dialects/families.h"
#include "dialects/tagged_calls.h"

namespace estoc {
namespace {

constexpr TaggedCalls kGlm45Calls = {.call_begin = "<tool_call>",
                                     .name_end = "\n",
                                     .call_end = "</tool_call>",
                                     .key_begin = "<arg_key>",
                                     .key_end = "</arg_key>",
                                     .value_begin = "<arg_value>",
                                     .value_end = "</arg_value>",
                                     .has_lines = false};
constexpr TaggedCalls kGlm47Calls = {.call_begin = "<tool_call>",
                                     .name_end = "",
                                     .call_end = "</tool_call>",
                                     .key_begin = "<arg_key>",
                                     .key_end = "</arg_key>",
                                     .value_begin = "<arg_value>",
                                     .value_end = "</arg_value>",
                                     .has_lines = false,
                                     .line = ""};

bool has_no_lines(std::string_view text) { return has(text, "</arg_key><arg_value>"); }

}  // namespace

const Dialect kGlm45 = {
    .name = "glm45",
    .is_seen_in = [](std::string_view text) { return has(text, "<arg_key>") && !has_no_lines(text); },
    .make_splitter = [](CallContext context) { return make_tagged_splitter(kGlm45Calls, std::move(context)); },
    .format = [](const CallRules& rules) { return tagged_format(kGlm45Calls, rules); },
    .marks = {kGlm45Calls.call_begin, kGlm45Calls.call_end, kGlm45Calls.key_begin, kGlm45Calls.key_end,
              kGlm45Calls.value_begin, kGlm45Calls.value_end},
};

const Dialect kGlm47 = {
    .name = "glm47",
    .is_seen_in = has_no_lines,
    .make_splitter = [](CallContext context) { return make_tagged_splitter(kGlm47Calls, std::move(context)); },
    .format = [](const CallRules& rules) { return tagged_format(kGlm47Calls, rules); },
    .marks = kGlm45.marks,
};

}  // namespace estoc
