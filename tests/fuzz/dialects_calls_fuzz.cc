// Any text as an answer in any dialect: pieces make no difference, calls are told of in order, nothing else happens.
// The first byte chooses the dialect, the second the way to mark reasoning, the third the length of the pieces.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "dialects/dialect.h"
#include "dialects/reasoning.h"

namespace estoc {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

std::unique_ptr<PartSplitter> make_splitter(uint8_t dialect, uint8_t reasoning) {
  static const auto kTools = std::make_shared<const Tools>(
      Tools{{"f", parse_json(R"({"type": "object", "properties": {"s": {"type": "string"}, "n": {"type": "integer"},
          "o": {"type": "object"}, "u": {"anyOf": [{"type": "string"}, {"type": "null"}, {"$ref": "#/$defs/d"}]}},
          "$defs": {"d": {"$ref": "#/$defs/d"}}})")},
            {"g", Json()}});
  auto splitter = dialects()[dialect % dialects().size()]->make_splitter({kTools, "seed"});
  const size_t style = reasoning / 2 % (reasoning_styles().size() + 1);
  if (style == reasoning_styles().size()) return splitter;
  return make_reasoning_splitter(reasoning_styles()[style], reasoning % 2 == 1, std::move(splitter));
}

void collect(std::vector<Part>& parts, std::vector<Part>& all) {
  for (Part& part : parts) {
    require(!part.text.empty());
    append_part(all, std::move(part));
  }
  parts.clear();
}

void check_calls(const std::vector<Part>& parts) {
  int calls = 0;
  for (const Part& part : parts) {
    if (part.kind == PartKind::tool_call) {
      require(part.call == calls++);
      require(!part.call_id.empty());
    } else if (part.kind == PartKind::tool_arguments) {
      require(part.call == calls - 1);
    }
  }
}

void check(const uint8_t* data, size_t size) {
  if (size < 3) return;
  std::string_view text(reinterpret_cast<const char*>(data) + 3, size - 3);
  std::vector<Part> parts, whole, pieces;
  const auto first = make_splitter(data[0], data[1]);
  first->push(text, parts);
  first->finish(parts);
  collect(parts, whole);
  check_calls(whole);
  const auto second = make_splitter(data[0], data[1]);
  for (size_t length = data[2] % 16 + 1; !text.empty(); text.remove_prefix(std::min(length, text.size()))) {
    second->push(text.substr(0, length), parts);
    collect(parts, pieces);
  }
  second->finish(parts);
  collect(parts, pieces);
  require(pieces == whole);
}

}  // namespace
}  // namespace estoc

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  estoc::check(data, size);
  return 0;
}
