// DeepSeek V3 and R1 write the kind, the name and fenced JSON, V3.1 the name and the JSON.
#include "dialects/families.h"
#include "dialects/named_calls.h"

namespace estoc {
namespace {

constexpr std::string_view kSectionBegin = "<｜tool▁calls▁begin｜>", kSectionEnd = "<｜tool▁calls▁end｜>",
                           kCallBegin = "<｜tool▁call▁begin｜>", kCallEnd = "<｜tool▁call▁end｜>",
                           kSeparator = "<｜tool▁sep｜>", kFence = "```json";

constexpr NamedCalls kV3 = {.section_begin = kSectionBegin,
                            .section_end = kSectionEnd,
                            .call_begin = "<｜tool▁call▁begin｜>function<｜tool▁sep｜>",
                            .name_end = "\n```json\n",
                            .arguments_end = "\n```",
                            .call_end = kCallEnd,
                            .separator = "\n"};
constexpr NamedCalls kV31 = {.section_begin = kSectionBegin,
                             .section_end = kSectionEnd,
                             .call_begin = kCallBegin,
                             .name_end = kSeparator,
                             .call_end = kCallEnd};

}  // namespace

const Dialect kDeepSeekV3 = {
    .name = "deepseek_v3",
    .is_seen_in = [](std::string_view text) { return has(text, kSectionBegin) && has(text, kFence); },
    .make_splitter = [](CallContext context) { return make_named_splitter(kV3, std::move(context)); },
    .format = [](const CallRules& rules) { return named_format(kV3, rules); },
    .marks = {kSectionBegin, kSectionEnd, kCallBegin, kCallEnd, kSeparator},
};

const Dialect kDeepSeekV31 = {
    .name = "deepseek_v31",
    .is_seen_in = [](std::string_view text) { return has(text, kSectionBegin) && !has(text, kFence); },
    .make_splitter = [](CallContext context) { return make_named_splitter(kV31, std::move(context)); },
    .format = [](const CallRules& rules) { return named_format(kV31, rules); },
    .marks = {kSectionBegin, kSectionEnd, kCallBegin, kCallEnd, kSeparator},
};

}  // namespace estoc
