// Seed-OSS: tags as Qwen3-Coder's with marks of its own around them, and values without lines of their own.
#include "dialects/families.h"
#include "dialects/tagged_calls.h"

namespace estoc {
namespace {

constexpr TaggedCalls kCalls = {.section_begin = "<seed:tool_call>",
                                .section_end = "</seed:tool_call>",
                                .call_begin = "<function=",
                                .name_end = ">",
                                .call_end = "</function>",
                                .key_begin = "<parameter=",
                                .key_end = ">",
                                .value_end = "</parameter>",
                                .has_lines = false};

}  // namespace

const Dialect kSeedOss = {
    .name = "seed_oss",
    .is_seen_in = [](std::string_view text) { return has(text, kCalls.section_begin); },
    .make_splitter = [](CallContext context) { return make_tagged_splitter(kCalls, std::move(context)); },
    .format = [](const CallRules& rules) { return tagged_format(kCalls, rules); },
    .marks = {kCalls.section_begin, kCalls.section_end},
};

}  // namespace estoc
