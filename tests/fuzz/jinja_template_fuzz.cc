// Any bytes as a chat template: compiling and rendering either work or throw Error; nothing else may happen.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "jinja/template.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const estoc::Json kVariables = estoc::parse_json(
      R"({"messages":[{"role":"system","content":"be brief"},{"role":"user","content":" Größe <b> "},)"
      R"({"role":"assistant","content":null,"tool_calls":[{"function":{"name":"f","arguments":{"a":[1,2.5,true]}}}]}],)"
      R"("tools":[{"function":{"name":"f","parameters":{"type":"object"}}}],"add_generation_prompt":true,"n":3,"s":"a,b"})");
  try {
    const estoc::jinja::Template compiled(std::string_view(reinterpret_cast<const char*>(data), size));
    compiled.render(kVariables, 1'700'000'000);
  } catch (const estoc::Error&) {
  }
  return 0;
}
