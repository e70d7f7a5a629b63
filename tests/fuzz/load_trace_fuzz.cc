// Any bytes as a trace of either form: read in order of time within the limits, or refused with an Error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "load/trace_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const auto requests = estoc::parse_trace({reinterpret_cast<const char*>(data), size}, "fuzz");
    double last_s = 0;
    for (const estoc::TraceRequest& request : requests) {
      const bool is_sound = request.at_s >= last_s && request.input_tokens >= 0 && request.output_tokens >= 0;
      if (!is_sound) std::abort();
      last_s = request.at_s;
    }
  } catch (const estoc::Error&) {
  }
  return 0;
}
