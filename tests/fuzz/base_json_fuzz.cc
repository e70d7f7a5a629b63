// Any bytes through the JSON reader: it accepts or throws Error, and what is written can be read and settles.
// The first reading may differ from the second: 1e3 is read as a double and written as an integer, -0.0 loses its sign.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  estoc::Json value;
  try {
    value = estoc::parse_json({reinterpret_cast<const char*>(data), size});
  } catch (const estoc::Error&) {
    return 0;
  }
  const std::string settled = estoc::to_json(estoc::parse_json(estoc::to_json(value)));
  if (estoc::to_json(estoc::parse_json(settled)) != settled) std::abort();
  return 0;
}
