// Any bytes into the reader of HTTP answers, whole and cut into pieces: no crash, and the same answer both ways.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/response_reader.h"

namespace {

using estoc::http::ResponseReader;

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  uint32_t seed = data[0] * 256u + data[1];
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  ResponseReader whole, cut;
  std::string whole_body, cut_body;
  whole.feed(bytes, whole_body);
  const size_t piece_bytes_max = 1 + seed % 61;
  for (std::string_view rest = bytes; !rest.empty();) {
    seed = seed * 1664525 + 1013904223;
    const std::string_view piece = rest.substr(0, 1 + (seed >> 8) % piece_bytes_max);
    rest.remove_prefix(piece.size());
    cut.feed(piece, cut_body);
  }
  for (int i = 0; i < 2; ++i) {  // before the end of the connection and after it
    require(whole.state() == cut.state() && whole.status() == cut.status() && whole_body == cut_body);
    require(whole.error() == cut.error() && whole.retry_after_s() == cut.retry_after_s());
    require(whole.keeps_alive() == cut.keeps_alive() && whole_body.size() <= bytes.size());
    require((whole.state() == ResponseReader::State::broken) == !whole.error().empty());
    whole.end();
    cut.end();
  }
  return 0;
}
