// Sampling of 1, 8 and 64 rows over a large vocabulary: microseconds for both launches, logits in the L2 where they
// fit, as the head has just written them.
#include <cstdio>

#include "gpu/trials/sample_checks.h"
#include "gpu/trials/sample_row.h"
#include "session.h"

namespace estoc::gpu {
namespace {

struct Wish {
  const char* name;
  SamplingParams params;
};

double time_rows(Session& s, const Buffer& logits, const SamplingParams& params, int count, int columns) {
  std::vector<SampleRow> rows;
  for (int i = 0; i < count; ++i) rows.push_back(sample_row_of(params, s.random(), 7));
  const Buffer parameters = Buffer::of(s.device, rows);
  const Buffer tiles(s.device, rows.size() * sample_tile_count(columns) * sizeof(SampleTile));
  const Buffer tokens(s.device, rows.size() * 4);
  const SampleArguments a{logits.as<float>(), parameters.as<SampleRow>(), tiles.as<SampleTile>(), tokens.as<u32>(),
                          columns};
  return seconds_each(s, s.is_small ? 1 : 20, [&](int) {
    launch(s.device, s.function("sample_tiles"),
           {.blocks = sample_tiles_blocks(columns), .blocks_y = count, .threads = kSampleTilesThreads}, a);
    launch(s.device, s.function("sample_rows"), {.blocks = count, .threads = kSampleThreads}, a);
  });
}

}  // namespace

bool run_sample(Session& s) {
  const int columns = s.is_small ? 3000 : 151936, most = s.is_small ? 2 : 64;
  const Wish wishes[] = {
      {"greedy", {.temperature = 0}},
      {"temperature 0.7", {.temperature = 0.7f}},
      {"and top_p 0.9", {.temperature = 0.7f, .top_p = 0.9f}},
      {"and top_k 50", {.temperature = 0.7f, .top_k = 50}},
      {"and top_k 50, top_p 0.9, min_p 0.02", {.temperature = 0.7f, .top_k = 50, .top_p = 0.9f, .min_p = 0.02f}}};
  for (const LogitSpread spread : {LogitSpread::text, LogitSpread::bell}) {
    std::vector<float> values;
    for (int i = 0; i < most; ++i) {
      const auto row = draw_logits(s.random, spread, columns);
      values.insert(values.end(), row.begin(), row.end());
    }
    const Buffer logits = Buffer::of(s.device, values);
    for (const Wish& wish : wishes) {
      std::printf("= sample %s %-36s us of", spread == LogitSpread::text ? "text" : "bell", wish.name);
      for (const int count : {1, 8, 64}) {
        if (count > most || s.seconds_left() < 1) continue;
        std::printf(" %d rows: %.1f", count, time_rows(s, logits, wish.params, count, columns) * 1e6);
      }
      std::printf("\n");
    }
  }
  return true;
}

}  // namespace estoc::gpu
