// Any bytes into the event stream parser, whole and cut into pieces: no crash, limits kept, the same events both ways.
// What comes out goes through the recorder of answers, as it would in a run.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "http/sse_parser.h"
#include "load/answer_recorder.h"

namespace {

constexpr size_t kEventBytesMax = 256;

void require(bool condition) {
  if (!condition) std::abort();
}

struct Outcome {
  std::vector<std::string> events;
  bool is_good = true;
  estoc::RequestRecord record;
  std::string text;
};

// In pieces of 1..`piece_bytes_max` bytes, their sizes drawn from `seed`; 0 means in one piece.
Outcome parse_in_pieces(std::string_view bytes, size_t piece_bytes_max, uint32_t seed) {
  estoc::http::SseParser parser(kEventBytesMax);
  estoc::AnswerRecorder recorder({});
  Outcome outcome;
  double now_s = 0;
  while (!bytes.empty()) {
    seed = seed * 1664525 + 1013904223;
    const std::string_view piece = piece_bytes_max == 0 ? bytes : bytes.substr(0, 1 + (seed >> 8) % piece_bytes_max);
    bytes.remove_prefix(piece.size());
    outcome.is_good = parser.feed(piece, [&](std::string_view data) {
      require(data.size() <= kEventBytesMax);
      outcome.events.emplace_back(data);
    });
    recorder.on_body(200, piece, now_s++);
  }
  recorder.on_end(200, {}, now_s);
  outcome.record = recorder.record();
  outcome.text = recorder.text();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const uint32_t seed = data[0] * 256u + data[1];
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Outcome whole = parse_in_pieces(bytes, 0, 0);
  const Outcome cut = parse_in_pieces(bytes, 1 + seed % 61, seed);
  require(whole.events == cut.events && whole.is_good == cut.is_good);
  const estoc::RequestRecord& a = whole.record;
  const estoc::RequestRecord& b = cut.record;
  require(a.error == b.error && a.is_ok() == b.is_ok() && whole.text == cut.text);
  require(a.gaps_s.size() == b.gaps_s.size() && (a.first_s < 0) == (b.first_s < 0));
  require(a.prompt_tokens == b.prompt_tokens && a.output_tokens == b.output_tokens && a.output_tokens >= 0);
  for (const double gap : b.gaps_s) require(gap >= 0);
  return 0;
}
