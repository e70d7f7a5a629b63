#include <algorithm>
#include <cstring>

#include "gpu/trials/kv_pool.h"
#include "gpu/trials/prompt_checks.h"

namespace estoc::gpu {
namespace {

// One sequence in a pool whose blocks stand in any order, behind a block of somebody else.
struct Cache {
  KvPool pool;
  std::vector<uint32_t> table;

  double value(int position, int head, int dimension) const {
    return pool.value(table[position / kKvPositions], head, position % kKvPositions, dimension);
  }
};

Cache draw_cache(const AttentionPromptCase& c, Random& random) {
  const int blocks = (c.context + kKvPositions - 1) / kKvPositions;
  Cache cache{KvPool(c.form, c.head_dim, c.kv_heads, blocks + 1), {}};
  cache.pool.fill(random);
  for (int i = 0; i < blocks; ++i) cache.table.push_back(i + 1);
  std::shuffle(cache.table.begin(), cache.table.end(), random);
  return cache;
}

std::vector<double> attend(const AttentionPromptCase& c, const Cache& cache, const uint16_t* query, int position,
                           int kv_head) {
  const int begin = c.window > 0 ? std::max(0, position - c.window + 1) : 0;
  std::vector<double> output(c.head_dim);
  double sum = 0;
  for (int p = begin; p <= position; ++p) {
    double score = 0;
    for (int d = 0; d < c.head_dim; ++d) score += bf16_to_f32(query[d]) * cache.value(p, kv_head, d);
    const double weight = std::exp(score / std::sqrt(static_cast<double>(c.head_dim)));
    sum += weight;
    for (int d = 0; d < c.head_dim; ++d) output[d] += weight * cache.value(p, c.kv_heads + kv_head, d);
  }
  for (double& value : output) value /= sum;
  return output;
}

}  // namespace

std::vector<AttentionPromptTile> attention_prompt_tiles(int position, int tokens, int group, int kv_heads) {
  const int step = kAttentionPromptRows / group;
  std::vector<AttentionPromptTile> tiles;
  for (int first = (tokens - 1) / step * step; first >= 0; first -= step) {
    for (int head = 0; head < kv_heads; ++head)
      tiles.push_back({first, std::min(step, tokens - first), position + first, 0, head});
  }
  return tiles;
}

Check check_attention_prompt(const Device& device, const Module& module, const AttentionPromptCase& c, Random& random) {
  const Cache cache = draw_cache(c, random);
  const auto q = draw_bf16(random, static_cast<size_t>(c.tokens) * c.heads * c.head_dim);
  const int position = c.context - c.tokens, group = c.heads / c.kv_heads;
  const auto list = attention_prompt_tiles(position, c.tokens, group, c.kv_heads);
  Buffer query = Buffer::of(device, q), pool = Buffer::of(device, cache.pool.bytes),
         tables = Buffer::of(device, cache.table), tiles = Buffer::of(device, list);
  Buffer output(device, token_matrix_bytes(c.tokens, c.heads * c.head_dim));
  output.fill(kPoisonBf16);
  AttentionPromptArguments a{};
  a.query = query.as<u16>();
  a.kv = cache.pool.layer(pool);
  a.tables = tables.as<u32>();
  a.tiles = tiles.as<AttentionPromptTile>();
  a.output = output.as<u8>();
  a.order = random() % 2 == 0 ? ColumnOrder::plain : ColumnOrder::paired;
  a.heads = c.heads;
  a.group = group;
  a.window = c.window;
  a.scale = 1 / std::sqrt(static_cast<float>(c.head_dim));
  a.tile_count = static_cast<int>(list.size());
  const int blocks = attention_prompt_blocks(a.tile_count, random() % 2 == 0 ? 3 : device.multiprocessors);
  const std::string name = std::string("attention_prompt_") + (c.is_mma ? "mma_" : "") + std::to_string(c.head_dim);
  launch(device, module.function(name),
         {.blocks = blocks,
          .threads = kAttentionPromptThreads,
          .shared_bytes = c.is_mma ? 0 : attention_prompt_shared_bytes(c.form, c.head_dim, device.capability)},
         a);
  const auto out = output.values<uint8_t>();
  ErrorSum error;
  const int pairs = c.tokens * c.heads;
  for (int i = 0; i < (c.sample == 0 ? pairs : c.sample); ++i) {
    const int pair = c.sample == 0 ? i : i == 0 ? pairs - 1 : static_cast<int>(random() % pairs);
    const int token = pair / c.heads, head = pair % c.heads;
    const auto wanted = attend(c, cache, &q[static_cast<size_t>(pair) * c.head_dim], position + token, head / group);
    for (int d = 0; d < c.head_dim; ++d) {
      error.add(token_tile_value(out, c.heads * c.head_dim, a.order, token, head * c.head_dim + d), wanted[d]);
    }
  }
  return {name + (c.form == KvForm::int8 ? " int8" : "") + ", " + std::to_string(c.heads) + " heads of " +
              std::to_string(c.kv_heads) + ", " + std::to_string(c.tokens) + " of " + std::to_string(c.context) +
              ", window " + std::to_string(c.window),
          error.relative(), 6e-3};
}

}  // namespace estoc::gpu
