// JSON Schemas: whatever the document, compiling it is bounded, and what compiles has no dead end.
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "grammar/chart.h"
#include "grammar/json_schema.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1 || size > 4000) return 0;
  try {
    const estoc::Json schema = estoc::parse_json({reinterpret_cast<const char*>(data), size});
    const auto grammar = estoc::grammar::compile_json_schema(schema, {.any_property_order = size % 2 == 0});
    estoc::grammar::Chart chart(grammar->automaton);
    chart.start(grammar->start);
    // A walk of bytes that the input itself chooses among those that are allowed.
    for (size_t step = 0; step < 60; ++step) {
      const uint8_t first = data[step * 7 % size];
      bool has_moved = false;
      for (int i = 0; i < 256 && !has_moved; ++i) has_moved = chart.push(static_cast<uint8_t>(first + i));
      if (!has_moved) {
        if (!chart.ends_outside()) std::abort();
        break;
      }
    }
  } catch (const estoc::Error&) {
  }
  return 0;
}
