#include <algorithm>
#include <cstring>

#include "gpu/trials/kv_pool.h"
#include "gpu/trials/prompt_checks.h"
#include "gpu/trials/trial.h"

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

// `sink` as a logit; -infinity for none. `gate`: of the head, or null.
std::vector<double> attend(const AttentionPromptCase& c, const Cache& cache, const uint16_t* query, int position,
                           int kv_head, double sink, const float* gate) {
  const int begin = c.window > 0 ? std::max(0, position - c.window + 1) : 0;
  std::vector<double> output(c.head_dim);
  double sum = std::exp(sink);
  for (int p = begin; p <= position; ++p) {
    double score = 0;
    for (int d = 0; d < c.head_dim; ++d) score += bf16_to_f32(query[d]) * cache.value(p, kv_head, d);
    score /= std::sqrt(static_cast<double>(c.dimensions()));
    if (c.softcap > 0) score = c.softcap * std::tanh(score / c.softcap);
    const double weight = std::exp(score);
    sum += weight;
    for (int d = 0; d < c.head_dim; ++d) output[d] += weight * cache.value(p, c.kv_heads + kv_head, d);
  }
  for (double& value : output) value /= sum;
  for (int d = 0; gate != nullptr && d < c.dimensions(); ++d) output[d] /= 1 + std::exp(-double{gate[d]});
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

namespace {

class AttentionPromptTrial {
 public:
  AttentionPromptTrial(const Device& device, const Module& module, const AttentionPromptCase& c, Random& random);
  void launch(int);
  Check check();

 private:
  int gate_stride() const { return c_.heads * c_.dimensions() + 20; }

  const Device& device_;
  const AttentionPromptCase c_;
  Random& random_;
  const std::string name_;
  const Handle kernel_;
  const Cache cache_;
  const std::vector<uint16_t> q_;
  const std::vector<float> sinks_, gates_;
  const std::vector<AttentionPromptTile> list_;
  const ColumnOrder order_;
  const int blocks_;
  const Buffer query_, sink_values_, gate_values_, tables_, tiles_;
  Buffer pool_, output_;
};

AttentionPromptTrial::AttentionPromptTrial(const Device& device, const Module& module, const AttentionPromptCase& c,
                                           Random& random)
    : device_(device),
      c_(c),
      random_(random),
      name_(std::string("attention_prompt_") + (c.is_mma ? "mma_" : "") + std::to_string(c.head_dim) +
            attention_prompt_suffix(c.head_dim, c.softcap > 0)),
      kernel_(module.function(name_)),
      cache_(draw_cache(c, random)),
      q_(draw_bf16(random, static_cast<size_t>(c.tokens) * c.heads * c.head_dim)),
      sinks_(draw_floats(random, c.heads, 2)),
      gates_(draw_floats(random, static_cast<size_t>(c.tokens) * gate_stride())),
      list_(attention_prompt_tiles(c.context - c.tokens, c.tokens, c.heads / c.kv_heads, c.kv_heads)),
      order_(random() % 2 == 0 ? ColumnOrder::plain : ColumnOrder::paired),
      blocks_(attention_prompt_blocks(static_cast<int>(list_.size()),
                                      c.blocks_max > 0 ? c.blocks_max : device.multiprocessors)),
      query_(Buffer::of(device, q_)),
      sink_values_(Buffer::of(device, sinks_)),
      gate_values_(Buffer::of(device, gates_)),
      tables_(Buffer::of(device, cache_.table)),
      tiles_(Buffer::of(device, list_)),
      pool_(Buffer::of(device, cache_.pool.bytes)),
      output_(device, token_matrix_bytes(c.tokens, c.heads * c.dimensions())) {}

void AttentionPromptTrial::launch(int) {
  AttentionPromptArguments a{};
  a.query = query_.as<u16>();
  a.kv = cache_.pool.layer(pool_.as<u8>());
  a.tables = tables_.as<u32>();
  a.tiles = tiles_.as<AttentionPromptTile>();
  a.output = output_.as<u8>();
  a.order = order_;
  a.heads = c_.heads;
  a.group = c_.heads / c_.kv_heads;
  a.width = c_.dimensions();
  a.window = c_.window;
  a.scale = 1 / std::sqrt(static_cast<float>(c_.dimensions()));
  a.tile_count = static_cast<int>(list_.size());
  a.sinks = c_.has_sinks ? sink_values_.as<float>() : nullptr;
  a.gate = c_.has_gate ? gate_values_.as<float>() : nullptr;
  a.gate_stride = gate_stride();
  a.softcap = c_.softcap;
  const bool is_capped = c_.softcap > 0;
  const int capability = c_.is_mma ? 0 : device_.capability;
  gpu::launch(device_, kernel_,
              {.blocks = blocks_,
               .threads = attention_prompt_threads(c_.head_dim, is_capped, capability),
               .shared_bytes = attention_prompt_shared_bytes(c_.form, c_.head_dim, is_capped, capability)},
              a);
}

Check AttentionPromptTrial::check() {
  output_.fill(kPoisonBf16);
  launch(0);
  const auto out = output_.values<uint8_t>();
  ErrorSum error;
  const int pairs = c_.tokens * c_.heads, width = c_.dimensions();
  for (int i = 0; i < (c_.sample == 0 ? pairs : c_.sample); ++i) {
    const int pair = c_.sample == 0 ? i : i == 0 ? pairs - 1 : static_cast<int>(random_() % pairs);
    const int token = pair / c_.heads, head = pair % c_.heads;
    const auto wanted =
        attend(c_, cache_, &q_[static_cast<size_t>(pair) * c_.head_dim], c_.context - c_.tokens + token,
               head / (c_.heads / c_.kv_heads), c_.has_sinks ? sinks_[head] : -INFINITY,
               c_.has_gate ? &gates_[static_cast<size_t>(token) * gate_stride() + head * width] : nullptr);
    for (int d = 0; d < width; ++d) {
      error.add(token_tile_value(out, c_.heads * width, order_, token, head * width + d), wanted[d]);
    }
  }
  return {name_ + (c_.form == KvForm::int8 ? " int8" : "") + ", " + std::to_string(c_.heads) + " heads of " +
              std::to_string(c_.kv_heads) + ", " + std::to_string(c_.tokens) + " of " + std::to_string(c_.context) +
              ", window " + std::to_string(c_.window) + (c_.has_gate ? ", gated" : ""),
          error.relative(), 6e-3};
}

}  // namespace

Trial attention_prompt_trial(const Device& device, const Module& module, const AttentionPromptCase& c, Random& random) {
  double seen = 0;  // positions, by all tokens
  for (int position = c.context - c.tokens; position < c.context; ++position) {
    seen += c.window > 0 ? std::min(position + 1, c.window) : position + 1;
  }
  const double pool = 2.0 * c.context * c.kv_heads * kv_tile_bytes(c.form, c.head_dim) / kKvPositions;
  return trial_of(std::make_shared<AttentionPromptTrial>(device, module, c, random),
                  {.bytes = pool + 4.0 * c.tokens * c.heads * c.head_dim, .flops = 4 * seen * c.heads * c.head_dim});
}

Check check_attention_prompt(const Device& device, const Module& module, const AttentionPromptCase& c, Random& random) {
  AttentionPromptCase few = c;
  if (random() % 2 == 0) few.blocks_max = 3;
  return attention_prompt_trial(device, module, few, random).check();
}

}  // namespace estoc::gpu
