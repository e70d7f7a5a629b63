// Calls as models of each dialect write them, and what a splitter makes of a text: for tests.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "dialects/dialect.h"

namespace estoc {

struct WrittenCall {
  std::string name;
  Json arguments;
};

inline std::string call_json(const WrittenCall& call, const std::string& name_key, const std::string& arguments_key) {
  return "{\"" + name_key + "\": \"" + call.name + "\", \"" + arguments_key + "\": " + to_json(call.arguments) + "}";
}

// As Python's repr() or, with a quote, as Gemma writes a value.
inline std::string literal(const Json& value, std::string_view quote) {
  if (value.is_string()) {
    if (!quote.empty()) return std::string(quote) + value.as_string() + std::string(quote);
    std::string out = "'";
    for (const char c : value.as_string()) {
      if (c == '\n') {
        out += "\\n";
        continue;
      }
      if (c == '\'' || c == '\\') out += '\\';
      out += c;
    }
    return out + "'";
  }
  std::string out;
  if (value.is_array()) {
    for (const Json& item : value.as_array()) out += (out.empty() ? "" : ", ") + literal(item, quote);
    return "[" + out + "]";
  }
  if (value.is_object()) {
    for (const auto& [key, item] : value.as_object()) {
      out += (out.empty() ? "" : ",") + (quote.empty() ? literal(Json(key), quote) : key) + ":" + literal(item, quote);
    }
    return "{" + out + "}";
  }
  if (!quote.empty()) return to_json(value);
  return value.is_null() ? "None" : value == Json(true) ? "True" : value == Json(false) ? "False" : to_json(value);
}

inline std::string plain(const Json& value) { return value.is_string() ? value.as_string() : to_json(value); }

using CallWriter = std::function<std::string(const std::vector<WrittenCall>&)>;

inline CallWriter in_marks(std::string begin, std::function<std::string(const WrittenCall&, size_t)> write,
                           std::string end, std::string before = "", std::string between = "",
                           std::string behind = "") {
  return [=](const std::vector<WrittenCall>& calls) {
    if (calls.empty()) return std::string();
    std::string text = before;
    for (size_t i = 0; i < calls.size(); ++i) text += (i == 0 ? "" : between) + begin + write(calls[i], i) + end;
    return text + behind;
  };
}

inline CallWriter object_list(std::string begin, std::string end, const char* name = "name",
                              const char* arguments = "arguments") {
  return in_marks(
      "", [=](const WrittenCall& call, size_t) { return call_json(call, name, arguments); }, "", begin + "[", ", ",
      "]" + end);
}

inline std::string code(const WrittenCall& call) {
  std::string text;
  for (const auto& [key, value] : call.arguments.as_object()) {
    text += (text.empty() ? "" : ", ") + key + "=" + literal(value, {});
  }
  return call.name + "(" + text + ")";
}

inline std::string tagged(const WrittenCall& call, const std::string& name_end, const std::string& key_begin,
                          const std::string& key_end, const std::string& value_end) {
  std::string text = call.name + name_end;
  for (const auto& [key, value] : call.arguments.as_object()) {
    text += key_begin + key + key_end + plain(value) + value_end;
  }
  return text;
}

inline const std::map<std::string_view, CallWriter>& call_writers() {
  const auto object = [](const WrittenCall& call, size_t) { return call_json(call, "name", "arguments"); };
  const auto code_of = [](const WrittenCall& call, size_t) { return code(call); };
  const auto named = [](std::string between) {
    return [between](const WrittenCall& call, size_t) { return call.name + between + to_json(call.arguments); };
  };
  const auto gemma = [](std::string_view quote) {
    return [quote](const WrittenCall& call, size_t) {
      std::string text;
      for (const auto& [key, value] : call.arguments.as_object()) {
        text += (text.empty() ? "" : ",") + key + ":" + literal(value, quote);
      }
      return "call:" + call.name + "{" + text + "}";
    };
  };
  const auto tags = [](std::string name_end, std::string key_begin, std::string key_end, std::string value_end) {
    return [=](const WrittenCall& call, size_t) { return tagged(call, name_end, key_begin, key_end, value_end); };
  };
  static const std::map<std::string_view, CallWriter> kWriters = {
      {"openai", in_marks(
                     "<|channel|>commentary to=functions.",
                     [=](const WrittenCall& call, size_t) {
                       return call.name + " <|constrain|>json<|message|>" + to_json(call.arguments);
                     },
                     "<|call|>", "", "<|start|>assistant", "")},
      {"gemma4", in_marks("<|tool_call>", gemma("<|\"|>"), "<tool_call|>")},
      {"functiongemma", in_marks("<start_function_call>", gemma("<escape>"), "<end_function_call>")},
      {"kimi_k2", in_marks(
                      "<|tool_call_begin|>",
                      [](const WrittenCall& call, size_t index) {
                        return "functions." + call.name + ":" + std::to_string(index) + "<|tool_call_argument_begin|>" +
                               to_json(call.arguments);
                      },
                      "<|tool_call_end|>", "<|tool_calls_section_begin|>", "", "<|tool_calls_section_end|>")},
      {"deepseek_v3", in_marks("<｜tool▁call▁begin｜>function<｜tool▁sep｜>", named("\n```json\n"),
                               "\n```<｜tool▁call▁end｜>", "<｜tool▁calls▁begin｜>", "\n", "<｜tool▁calls▁end｜>")},
      {"deepseek_v31", in_marks("<｜tool▁call▁begin｜>", named("<｜tool▁sep｜>"), "<｜tool▁call▁end｜>",
                                "<｜tool▁calls▁begin｜>", "", "<｜tool▁calls▁end｜>")},
      {"minimax_m2", in_marks("<invoke name=\"", tags("\">", "\n<parameter name=\"", "\">", "</parameter>"),
                              "\n</invoke>", "<minimax:tool_call>\n", "\n", "\n</minimax:tool_call>")},
      {"seed_oss", in_marks("<seed:tool_call>\n<function=", tags(">", "\n<parameter=", ">", "</parameter>"),
                            "\n</function>\n</seed:tool_call>", "", "\n")},
      {"glm45", in_marks("<tool_call>", tags("", "\n<arg_key>", "</arg_key>\n<arg_value>", "</arg_value>"),
                         "\n</tool_call>", "", "\n")},
      {"glm47",
       in_marks("<tool_call>", tags("", "<arg_key>", "</arg_key><arg_value>", "</arg_value>"), "</tool_call>")},
      {"qwen3_coder", in_marks("<tool_call>\n<function=", tags(">", "\n<parameter=", ">\n", "\n</parameter>"),
                               "\n</function>\n</tool_call>", "", "\n")},
      {"functionary_v3_1", in_marks("<function=", named(">"), "</function>")},
      {"lfm2", in_marks("", code_of, "", "<|tool_call_start|>[", ", ", "]<|tool_call_end|>")},
      {"mistral", object_list("[TOOL_CALLS]", "")},
      {"mistral_named", in_marks("[TOOL_CALLS]", named("[ARGS]"), "")},
      {"cohere_command3", object_list("<|START_ACTION|>", "<|END_ACTION|>", "tool_name", "parameters")},
      {"granite", object_list("<|tool_call|>", "")},
      {"phi4_mini_json", object_list("<|tool_call|>", "<|/tool_call|>")},
      {"apriel", object_list("<tool_calls>", "</tool_calls>")},
      {"olmo3", in_marks("", code_of, "", "<function_calls>", "\n", "</function_calls>")},
      {"llama4_pythonic", in_marks("", code_of, "", "<|python_start|>[", ", ", "]<|python_end|>")},
      {"pythonic", in_marks("", code_of, "", "[", ", ", "]")},
      {"hermes", in_marks("<tool_call>\n", object, "\n</tool_call>", "", "\n")},
      {"llama3_json",
       in_marks(
           "", [](const WrittenCall& call, size_t) { return call_json(call, "name", "parameters"); }, "", "", "; ")},
  };
  return kWriters;
}

// What comes out when the text is cut into pieces of these lengths; the rest is one piece.
inline std::vector<Part> split(PartSplitter& splitter, std::string_view text, const std::vector<size_t>& lengths = {}) {
  std::vector<Part> parts, all;
  const auto collect = [&] {
    for (Part& part : parts) append_part(all, std::move(part));
    parts.clear();
  };
  for (const size_t length : lengths) {
    splitter.push(text.substr(0, length), parts);
    text.remove_prefix(std::min(length, text.size()));
    collect();
  }
  splitter.push(text, parts);
  splitter.finish(parts);
  collect();
  return all;
}

// The calls among parts, with their arguments read; content and reasoning are left out.
inline std::vector<WrittenCall> calls_of(const std::vector<Part>& parts) {
  std::vector<WrittenCall> calls;
  std::vector<std::string> texts;
  for (const Part& part : parts) {
    if (part.kind == PartKind::tool_call) {
      calls.push_back({part.text, {}});
      texts.emplace_back();
    }
    if (part.kind == PartKind::tool_arguments) texts.at(static_cast<size_t>(part.call)) += part.text;
  }
  for (size_t i = 0; i < calls.size(); ++i) calls[i].arguments = parse_json(texts[i]);
  return calls;
}

}  // namespace estoc
