// Any bytes into the request reader, whole and cut into pieces: no crash, limits kept, and the same requests both ways.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "http/request_reader.h"

namespace {

using estoc::http::ReadRequest;
using estoc::http::RequestReader;

const estoc::http::ReadLimits kLimits{512, 2048};

void require(bool condition) {
  if (!condition) std::abort();
}

struct Outcome {
  std::vector<ReadRequest> requests;
  int error_status = 0;
};

// Reads `bytes` in pieces of 1..`piece_bytes_max`, their sizes drawn from `seed`; 0 means in one piece.
Outcome read_in_pieces(std::string_view bytes, size_t piece_bytes_max, uint32_t seed) {
  RequestReader reader(kLimits);
  Outcome outcome;
  while (!bytes.empty() && outcome.error_status == 0) {
    seed = seed * 1664525 + 1013904223;
    const std::string_view piece = piece_bytes_max == 0 ? bytes : bytes.substr(0, 1 + (seed >> 8) % piece_bytes_max);
    bytes.remove_prefix(piece.size());
    reader.feed(piece);
    RequestReader::State state = reader.parse();
    for (; state == RequestReader::State::request; state = reader.parse()) {
      outcome.requests.push_back(reader.take_request());
      const auto& request = outcome.requests.back().request;
      require(request.body.size() <= kLimits.body_bytes_max);
      require(!request.path.empty() && (request.path[0] == '/' || request.path == "*"));
      size_t header_bytes = 0;
      for (const auto& [name, value] : request.headers) header_bytes += name.size() + value.size();
      require(header_bytes <= kLimits.header_bytes_max);
    }
    if (state == RequestReader::State::error) {
      outcome.error_status = reader.error_status();
      require(outcome.error_status == 400 || outcome.error_status == 413 || outcome.error_status == 431 ||
              outcome.error_status == 501);
      require(!reader.error_message().empty());
    } else {
      reader.take_expects_continue();
      require(reader.unread_bytes() <= (size_t{16} << 10));  // nothing gathers without bound
    }
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const uint32_t seed = data[0] * 256u + data[1];
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Outcome whole = read_in_pieces(bytes, 0, 0);
  const Outcome cut = read_in_pieces(bytes, 1 + seed % 61, seed);
  // A broken request may be known for broken at a different byte, but never instead of a whole one.
  require(whole.requests.size() == cut.requests.size());
  for (size_t i = 0; i < whole.requests.size(); ++i) {
    const ReadRequest& a = whole.requests[i];
    const ReadRequest& b = cut.requests[i];
    require(a.request.method == b.request.method && a.request.path == b.request.path);
    require(a.request.query == b.request.query && a.request.headers == b.request.headers);
    require(a.request.body == b.request.body && a.keeps_alive == b.keeps_alive && a.is_head == b.is_head);
  }
  return 0;
}
