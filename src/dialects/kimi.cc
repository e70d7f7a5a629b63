// Kimi K2: functions.name:number and JSON, each between marks, all calls in a section. What stands where others have
// the name is the call's id, and templates write it back as such.
#include "dialects/families.h"
#include "dialects/named_calls.h"

namespace estoc {
namespace {

constexpr std::string_view kFunctions = "functions.";

WrittenName read_name(std::string_view written) {
  std::string_view name = written.substr(0, written.rfind(':'));
  if (name.starts_with(kFunctions)) name.remove_prefix(kFunctions.size());
  return {std::string(name), std::string(written)};
}

Json write_name(std::string_view name) {
  return Form::sequence(
      {Form::text(std::string(kFunctions) + std::string(name) + ":"), Form::regex("0|[1-9][0-9]{0,3}")});
}

constexpr NamedCalls kCalls = {.section_begin = "<|tool_calls_section_begin|>",
                               .section_end = "<|tool_calls_section_end|>",
                               .call_begin = "<|tool_call_begin|>",
                               .name_end = "<|tool_call_argument_begin|>",
                               .call_end = "<|tool_call_end|>",
                               .read_name = read_name,
                               .write_name = write_name};

}  // namespace

const Dialect kKimiK2 = {
    .name = "kimi_k2",
    .is_seen_in = [](std::string_view text) { return has(text, kCalls.section_begin); },
    .make_splitter = [](CallContext context) { return make_named_splitter(kCalls, std::move(context)); },
    .format = [](const CallRules& rules) { return named_format(kCalls, rules); },
    .marks = {kCalls.section_begin, kCalls.section_end, kCalls.call_begin, kCalls.name_end, kCalls.call_end},
};

}  // namespace estoc
