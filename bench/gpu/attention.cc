// Decode attention at several contexts: bytes of keys and values a second, over a pool larger than the caches.
#include <algorithm>
#include <cstdio>

#include "gpu/source/attention_decode.h"
#include "session.h"

namespace estoc::gpu {
namespace {

struct AttentionShape {
  const char* name;
  int heads, kv_heads, context, rows;
  KvForm form = KvForm::bf16;
  int window = 0;
};

// The best number of splits for a shape, on tables that walk through the whole pool.
void time_shape(Session& s, const AttentionShape& shape, const Buffer& pool) {
  constexpr int kDim = 128;
  const long stride = 2L * shape.kv_heads * kv_tile_bytes(shape.form, kDim);
  const int seen = attention_reach(shape.context, shape.window);  // tables have no more
  const int pool_blocks = static_cast<int>(pool.bytes() / stride);
  const int table_stride = seen / kKvPositions, sets = std::max(1, pool_blocks / (table_stride * shape.rows));
  std::vector<uint32_t> ids(static_cast<size_t>(sets) * shape.rows * table_stride);
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<uint32_t>(i * 1237 % pool_blocks);
  const Buffer tables = Buffer::of(s.device, ids);
  const Buffer positions = Buffer::of(s.device, std::vector<int>(shape.rows, shape.context - 1));
  const Buffer rotations = Buffer::of(s.device, std::vector<float>(static_cast<size_t>(shape.context) * kDim, 0.7f));
  const Buffer qkv = Buffer::of(
      s.device, draw_floats(s.random, static_cast<size_t>(shape.rows) * (shape.heads + 2 * shape.kv_heads) * kDim));
  const Buffer arrived = Buffer::of(s.device, std::vector<uint32_t>(shape.rows * shape.kv_heads));
  const Buffer partial(s.device, static_cast<size_t>(shape.rows) * shape.kv_heads * kAttentionSplitsMax * 4 *
                                     attention_partial_floats(shape.heads / shape.kv_heads, kDim));
  const Buffer output(s.device, static_cast<size_t>(shape.rows) * shape.heads * kDim * 2);
  const double bytes = 1.0 * shape.rows * table_stride * stride;
  double best = 1e9;
  int best_splits = 0;
  for (const int splits : {1, 2, 4, 8, 16, 32, 64}) {
    if (splits * 128 > std::max(128, seen)) continue;
    const double seconds = seconds_each(s, std::clamp(sets, 4, 30), [&](int i) {
      const AttentionArguments a{
          .qkv = qkv.as<float>(),
          .query_norm = nullptr,
          .key_norm = nullptr,
          .rotations = rotations.as<float>(),
          .positions = positions.as<int>(),
          .tables = tables.as<u32>(static_cast<size_t>(i % sets) * shape.rows * table_stride * 4),
          .kv = {pool.as<u8>(), stride, shape.kv_heads, shape.form},
          .output = output.as<u16>(),
          .partial = partial.as<float>(),
          .arrived = arrived.as<u32>(),
          .table_stride = table_stride,
          .heads = shape.heads,
          .epsilon = 1e-6f,
          .scale = 0.088f,
          .window = shape.window,
          .ahead = {},
          .next_layer = 0};
      launch(s.device,
             s.function(std::string("attention_decode_d128") + attention_decode_suffix(shape.form, shape.window)),
             {.blocks = splits, .blocks_y = shape.rows * shape.kv_heads, .threads = kAttentionThreads}, a);
    });
    if (seconds < best) {
      best = seconds;
      best_splits = splits;
    }
  }
  std::printf("= attention %-22s %6.1f us, %4.0f GB/s (%.0f%% of reading), %d splits\n", shape.name, best * 1e6,
              bytes / best * 1e-9, 100 * bytes / best / s.read_roof, best_splits);
}

}  // namespace

bool run_attention(Session& s) {
  constexpr AttentionShape kShapes[] = {{"32/8 heads 1k x 1", 32, 8, 1024, 1},
                                        {"32/8 heads 8k x 1", 32, 8, 8192, 1},
                                        {"32/8 heads 32k x 1", 32, 8, 32768, 1},
                                        {"32/8 heads 1k x 8", 32, 8, 1024, 8},
                                        {"32/8 heads 8k x 8", 32, 8, 8192, 8},
                                        {"16/8 heads 1k x 1", 16, 8, 1024, 1},
                                        {"16/8 heads 8k x 1", 16, 8, 8192, 1},
                                        {"int8 1k x 1", 32, 8, 1024, 1, KvForm::int8},
                                        {"int8 8k x 1", 32, 8, 8192, 1, KvForm::int8},
                                        {"int8 32k x 1", 32, 8, 32768, 1, KvForm::int8},
                                        {"int8 1k x 8", 32, 8, 1024, 8, KvForm::int8},
                                        {"int8 8k x 8", 32, 8, 8192, 8, KvForm::int8},
                                        {"window 1k of 32k x 1", 32, 8, 32768, 1, KvForm::bf16, 1024},
                                        {"int8 the same", 32, 8, 32768, 1, KvForm::int8, 1024},
                                        {"window 4k of 32k x 8", 32, 8, 32768, 8, KvForm::bf16, 4096}};
  constexpr AttentionShape kTiny[] = {{"tiny", 4, 2, 128, 2}, {"tiny window", 4, 2, 512, 2, KvForm::int8, 70}};
  Buffer pool(s.device, s.is_small ? 1 << 20 : size_t{512} << 20);
  {
    const auto part = draw_bf16(s.random, std::min<size_t>(pool.bytes() / 2, 1 << 20));
    const Driver& driver = s.device.driver();
    for (size_t at = 0; at < pool.bytes(); at += part.size() * 2) {
      driver.check(driver.copy_to_device(pool.address() + at, part.data(), part.size() * 2, s.device.stream()),
                   "filling");
    }
    s.device.synchronize();
  }
  for (const AttentionShape& shape : s.is_small ? std::span<const AttentionShape>(kTiny) : std::span(kShapes)) {
    if (s.seconds_left() > 1) time_shape(s, shape, pool);
  }
  return true;
}

}  // namespace estoc::gpu
