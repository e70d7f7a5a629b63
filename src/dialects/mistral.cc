// Mistral: [TOOL_CALLS] and a list of objects; since Mistral Small 3.2 [TOOL_CALLS]name[ARGS]{..} for each call.
#include <algorithm>

#include "dialects/families.h"
#include "dialects/named_calls.h"
#include "dialects/object_calls.h"

namespace estoc {
namespace {

constexpr std::string_view kMark = "[TOOL_CALLS]", kArguments = "[ARGS]", kCallId = "[CALL_ID]";

constexpr ObjectCalls kList = {.begin = kMark, .is_list = true, .ids = CallIds::nine_letters};

// Some versions write the call's id behind the name.
WrittenName read_name(std::string_view written) {
  const size_t end = std::min(written.find(kCallId), written.size());
  const std::string_view id = written.substr(std::min(end + kCallId.size(), written.size()));
  return {std::string(written.substr(0, end)), std::string(id)};
}

constexpr NamedCalls kNamed = {
    .call_begin = kMark, .name_end = kArguments, .read_name = read_name, .ids = CallIds::nine_letters};

}  // namespace

const Dialect kMistral = {
    .name = "mistral",
    .is_seen_in = [](std::string_view text) { return has(text, kMark) && !has(text, kArguments); },
    .make_splitter = [](CallContext context) { return make_object_splitter(kList, std::move(context)); },
    .format = [](const CallRules& rules) { return object_format(kList, rules); },
    .marks = {kMark},
};

const Dialect kMistralNamed = {
    .name = "mistral_named",
    .is_seen_in = [](std::string_view text) { return has(text, kMark) && has(text, kArguments); },
    .make_splitter = [](CallContext context) { return make_named_splitter(kNamed, std::move(context)); },
    .format = [](const CallRules& rules) { return named_format(kNamed, rules); },
    .marks = {kMark, kArguments, kCallId},
};

}  // namespace estoc
