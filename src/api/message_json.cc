#include "api/message_json.h"

#include "base/json.h"

namespace estoc::api {
namespace {

void append_member(std::string& out, const char* name, std::string_view text) {
  ((out += '"') += name) += "\":";
  append_json_string(out, text);
}

// One entry a call: where it begins its id and name, and what came of its arguments since.
void append_calls(std::string& out, const std::vector<Part>& parts, bool is_whole) {
  out += R"("tool_calls":[)";
  bool is_first = true;
  for (size_t i = 0; i < parts.size(); ++i) {
    const Part& part = parts[i];
    const bool begins = part.kind == PartKind::tool_call;
    if (!begins && part.kind != PartKind::tool_arguments) continue;
    if (!is_first) out += ',';
    is_first = false;
    out += '{';
    if (!is_whole) out += R"("index":)" + std::to_string(part.call) + ',';
    if (begins) {
      append_member(out, "id", part.call_id);
      out += R"(,"type":"function",)";
    }
    out += R"("function":{)";
    std::string_view arguments = begins ? std::string_view() : std::string_view(part.text);
    if (begins) {
      append_member(out, "name", part.text);
      out += ',';
      const bool has_more = i + 1 < parts.size() && parts[i + 1].kind == PartKind::tool_arguments;
      if (has_more) arguments = parts[++i].text;
    }
    append_member(out, "arguments", arguments);
    out += "}}";
  }
  out += ']';
}

}  // namespace

void append_message_parts(std::string& out, const std::vector<Part>& parts, bool is_whole, bool has_reasoning) {
  const std::string content = text_of(parts, PartKind::content), reasoning = text_of(parts, PartKind::reasoning);
  bool has_calls = false;
  for (const Part& part : parts) {
    has_calls = has_calls || part.kind == PartKind::tool_call || part.kind == PartKind::tool_arguments;
  }
  bool is_empty = true;
  const auto separate = [&] {
    if (!is_empty) out += ',';
    is_empty = false;
  };
  if (!reasoning.empty() && has_reasoning) {
    separate();
    append_member(out, "reasoning_content", reasoning);
    separate();
    append_member(out, "reasoning", reasoning);
  }
  if (is_whole || !content.empty() || (is_empty && !has_calls)) {
    separate();
    if (content.empty() && has_calls) {
      out += R"("content":null)";
    } else {
      append_member(out, "content", content);
    }
  }
  if (has_calls) {
    separate();
    append_calls(out, parts, is_whole);
  }
}

}  // namespace estoc::api
