// Functionary 3.1: <function=name>{..}</function> for each call.
#include "dialects/families.h"
#include "dialects/named_calls.h"

namespace estoc {
namespace {

constexpr NamedCalls kCalls = {.call_begin = "<function=", .name_end = ">", .call_end = "</function>"};

}  // namespace

const Dialect kFunctionary = {
    .name = "functionary_v3_1",
    .is_seen_in = [](std::string_view text) { return has(text, "<function=") && !has(text, "<parameter="); },
    .make_splitter = [](CallContext context) { return make_named_splitter(kCalls, std::move(context)); },
    .format = [](const CallRules& rules) { return named_format(kCalls, rules); },
    .marks = {},
};

}  // namespace estoc
