// MiniMax-M2: tags with attributes, all calls between one pair of marks.
#include "dialects/families.h"
#include "dialects/tagged_calls.h"

namespace estoc {
namespace {

constexpr TaggedCalls kCalls = {.section_begin = "<minimax:tool_call>",
                                .section_end = "</minimax:tool_call>",
                                .has_many = true,
                                .call_begin = "<invoke name=\"",
                                .name_end = "\">",
                                .call_end = "</invoke>",
                                .key_begin = "<parameter name=\"",
                                .key_end = "\">",
                                .value_end = "</parameter>",
                                .has_lines = false};

}  // namespace

const Dialect kMiniMaxM2 = {
    .name = "minimax_m2",
    .is_seen_in = [](std::string_view text) { return has(text, kCalls.section_begin); },
    .make_splitter = [](CallContext context) { return make_tagged_splitter(kCalls, std::move(context)); },
    .format = [](const CallRules& rules) { return tagged_format(kCalls, rules); },
    .marks = {kCalls.section_begin, kCalls.section_end},
};

}  // namespace estoc
