// Prompts of an 8B and a 0.6B model with random weights: products and attention against the card's matrix rate, then
// all layers of a prompt as one graph.
#include <algorithm>
#include <cstdio>

#include "gpu/source/rope.h"
#include "gpu/source/token_norm.h"
#include "gpu/trials/prompt_checks.h"
#include "session.h"

namespace estoc::gpu {
namespace {

struct Model {
  const char* name;
  int layers, hidden, heads, kv_heads, intermediate;
};
constexpr int kDim = 128;
constexpr Model k8B = {"8B", 32, 4096, 32, 8, 14336}, k06B = {"0.6B", 28, 1024, 16, 8, 3072};

struct GemmShape {
  const char* name;
  GemmEndKind end;
  int rows, columns;
};

// Everything that a layer of `model` over `count` tokens needs, filled with something finite.
class PromptModel {
 public:
  PromptModel(Session& session, const Model& model, WeightForm form, int count);
  void tune_plans(int cluster);
  void record_layer(int layer) const;
  void record_gemm(int product, const GemmPlan& plan, int layer) const;
  void record_norm() const;
  void record_rope() const;
  void record_attention() const;
  double time_gemm(int product, const GemmPlan& plan) const;
  double gemm_flops(const GemmShape& shape) const { return 2.0 * shape.rows * shape.columns * count_; }
  double attention_flops() const { return 2.0 * 2.0 * m_.heads * kDim * (count_ / 2.0) * count_; }
  const GemmShape& shape(int i) const { return shapes_[i]; }
  const GemmPlan& plan(int i) const { return plans_[i]; }
  double seconds(int i) const { return seconds_[i]; }

 private:
  KvLayer kv_layer() const {
    return {keys_values_.as<u8>(), 2L * m_.kv_heads * kv_tile_bytes(KvForm::bf16, kDim), m_.kv_heads, KvForm::bf16};
  }
  GemmArguments arguments(int product, const GemmPlan& plan, int layer) const;

  Session& s_;
  Model m_;
  WeightForm form_;
  ColumnOrder order_;
  int count_, padded_;
  GemmShape shapes_[4];
  GemmPlan plans_[4];
  double seconds_[4] = {};
  std::vector<std::unique_ptr<MatrixPool>> pools_;  // of each product
  Buffer tiles_, activated_, attended_, residual_, qkv_, queries_, vectors_, partial_, arrivals_;
  Buffer keys_values_, tables_, positions_, sequences_, rotations_, attention_tiles_;
  int attention_tile_count_;
};

PromptModel::PromptModel(Session& session, const Model& model, WeightForm form, int count)
    : s_(session),
      m_(model),
      form_(form),
      order_(gemm_order(form)),
      count_(count),
      padded_((count + 255) / 256 * 256),
      shapes_{{"qkv", GemmEndKind::store, (model.heads + 2 * model.kv_heads) * kDim, model.hidden},
              {"out", GemmEndKind::residual, model.hidden, model.heads * kDim},
              {"gate/up", GemmEndKind::gated, 2 * model.intermediate, model.hidden},
              {"down", GemmEndKind::residual, model.hidden, model.intermediate}},
      tiles_(session.device, token_matrix_bytes(padded_, model.hidden)),
      activated_(session.device, token_matrix_bytes(padded_, model.intermediate)),
      attended_(session.device, token_matrix_bytes(padded_, model.heads * kDim)),
      residual_(session.device, static_cast<size_t>(count) * model.hidden * 4),
      qkv_(session.device, static_cast<size_t>(count) * (model.heads + 2 * model.kv_heads) * kDim * 4),
      queries_(session.device, static_cast<size_t>(count) * model.heads * kDim * 2),
      vectors_(Buffer::of(session.device, std::vector<float>(std::max(model.hidden, model.intermediate), 0.5f))),
      partial_(session.device, session.is_small ? 8 << 20 : size_t{512} << 20),
      arrivals_(Buffer::of(session.device, std::vector<uint32_t>(1 << 16))),
      keys_values_(session.device, static_cast<size_t>(padded_) * model.kv_heads * kDim * 4),
      tables_(session.device, static_cast<size_t>(padded_) / kKvPositions * 4),
      positions_(session.device, static_cast<size_t>(count) * 4),
      sequences_(Buffer::of(session.device, std::vector<int>(count))),
      rotations_(Buffer::of(session.device, std::vector<float>(static_cast<size_t>(count) * kDim, 0.6f))),
      attention_tiles_(
          Buffer::of(session.device, attention_prompt_tiles(0, count, model.heads / model.kv_heads, model.kv_heads))),
      attention_tile_count_(static_cast<int>(attention_tiles_.bytes() / sizeof(AttentionPromptTile))) {
  for (const GemmShape& shape : shapes_) {
    pools_.push_back(std::make_unique<MatrixPool>(session, session.is_small ? 1 << 20 : size_t{768} << 20));
    pools_.back()->fill(form, shape.rows, shape.columns);
  }
  std::vector<uint32_t> ids(padded_ / kKvPositions);
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<uint32_t>(i);
  tables_.upload(ids.data(), ids.size() * 4);
  std::vector<int> positions(count);
  for (int i = 0; i < count; ++i) positions[i] = i;
  positions_.upload(positions.data(), positions.size() * 4);
  const auto values = draw_floats(s_.random, 1 << 20);
  for (size_t at = 0; at < residual_.bytes(); at += values.size() * 4) {
    residual_.upload(values.data(), std::min(values.size() * 4, residual_.bytes() - at), at);
  }
  for (Buffer* buffer : {&tiles_, &activated_, &attended_, &keys_values_, &queries_}) {  // random, not equal, numbers
    const auto bits = draw_bf16(s_.random, 1 << 20);
    for (size_t at = 0; at < buffer->bytes(); at += bits.size() * 2) {
      buffer->upload(bits.data(), std::min(bits.size() * 2, buffer->bytes() - at), at);
    }
  }
}

GemmArguments PromptModel::arguments(int product, const GemmPlan& plan, int layer) const {
  const GemmShape& shape = shapes_[product];
  const Buffer* inputs[] = {&tiles_, &attended_, &tiles_, &activated_};
  GemmArguments a{};
  a.weights = pools_[product]->matrix(layer);
  a.inputs = inputs[product]->as<u8>();
  a.output = (shape.end == GemmEndKind::store ? qkv_ : residual_).as<float>();
  a.output_stride = shape.rows;
  a.activated = activated_.as<u8>();
  a.order = order_;
  a.rows = shape.rows;
  a.columns = shape.columns;
  a.count = count_;
  a.splits = plan.splits;
  a.partial = partial_.as<float>();
  a.arrivals = arrivals_.as<u32>();
  return a;
}

void PromptModel::record_gemm(int product, const GemmPlan& plan, int layer) const {
  const GemmShape& shape = shapes_[product];
  constexpr const char* kEnds[] = {"store", "residual", "gated"};
  const std::string name = std::string("gemm_") + form_name(form_) + "_" + kEnds[static_cast<int>(shape.end)] + "_n" +
                           std::to_string(plan.tokens);
  const int items = gemm_items(shape.rows, count_, plan.tokens, plan.splits, plan.cluster);
  launch(s_.device, s_.function(name),
         {.blocks = gemm_blocks(items, plan.cluster, s_.device.multiprocessors),
          .threads = kGemmThreads,
          .shared_bytes = gemm_shared_bytes(form_, plan.tokens, s_.device.capability),
          .may_overlap = true,
          .cluster = plan.cluster},
         arguments(product, plan, layer));
}

double PromptModel::time_gemm(int product, const GemmPlan& plan) const {
  const double flops = gemm_flops(shapes_[product]);
  const int launches = s_.is_small ? 2 : std::clamp(static_cast<int>(4e12 / flops), 3, 24);
  return seconds_each(s_.device, launches, [&](int i) { record_gemm(product, plan, i); }, 5);
}

// The fastest of the plans that make sense, for each product, in clusters of so many blocks.
void PromptModel::tune_plans(int cluster) {
  for (int i = 0; i < 4; ++i) {
    seconds_[i] = 1e9;
    for (const int tokens : {64, 128, 256}) {
      for (const int splits : {1, 2, 3, 4, 8}) {
        const int tiles = gemm_row_tiles(shapes_[i].rows) * gemm_token_tiles(count_, tokens);
        if (!gemm_has_kernel(form_, tokens, s_.device.capability)) continue;
        if (cluster > 1 && (tokens < 128 || splits > 1)) continue;
        if (tokens > 64 && tokens >= 2 * count_ && gemm_has_kernel(form_, 64, s_.device.capability)) continue;
        if (splits > 1 && tiles * (splits - 1) > 2 * 132) continue;
        if (splits > 1 &&
            static_cast<size_t>(gemm_partial_floats(shapes_[i].rows, count_, tokens, splits)) * 4 > partial_.bytes())
          continue;
        if (s_.is_small && (tokens > 128 || splits > 2)) continue;
        const double seconds = time_gemm(i, {tokens, splits, cluster});
        if (seconds < seconds_[i]) {
          seconds_[i] = seconds;
          plans_[i] = {tokens, splits, cluster};
        }
      }
    }
  }
}

void PromptModel::record_attention() const {
  AttentionPromptArguments a{};
  a.query = queries_.as<u16>();
  a.kv = kv_layer();
  a.tables = tables_.as<u32>();
  a.tiles = attention_tiles_.as<AttentionPromptTile>();
  a.output = attended_.as<u8>();
  a.order = order_;
  a.heads = m_.heads;
  a.group = m_.heads / m_.kv_heads;
  a.width = kDim;
  a.scale = 0.088f;
  a.tile_count = attention_tile_count_;
  launch(s_.device, s_.function("attention_prompt_128"),
         {.blocks = attention_prompt_blocks(attention_tile_count_, s_.device.multiprocessors),
          .threads = attention_prompt_threads(kDim, false, s_.device.capability),
          .shared_bytes = attention_prompt_shared_bytes(KvForm::bf16, kDim, false, s_.device.capability),
          .may_overlap = true},
         a);
}

void PromptModel::record_norm() const {
  const TokenNormArguments norm{
      residual_.as<float>(), nullptr, vectors_.as<float>(), tiles_.as<u8>(), order_, m_.hidden, 1e-5f};
  launch(s_.device, s_.function("rms_norm_tiles"),
         {.blocks = count_, .threads = token_norm_threads(m_.hidden), .may_overlap = true}, norm);
}

void PromptModel::record_rope() const {
  const RopeArguments rope{qkv_.as<float>(),
                           nullptr,
                           nullptr,
                           rotations_.as<float>(),
                           positions_.as<int>(),
                           sequences_.as<int>(),
                           tables_.as<u32>(),
                           queries_.as<u16>(),
                           kv_layer(),
                           padded_ / kKvPositions,
                           (m_.heads + 2 * m_.kv_heads) * kDim,
                           m_.heads,
                           kDim,
                           count_,
                           1e-5f};
  launch(s_.device, s_.function("rope_kv_d128"),
         {.blocks = m_.heads + m_.kv_heads, .blocks_y = (count_ + 3) / 4, .threads = 128, .may_overlap = true}, rope);
}

void PromptModel::record_layer(int layer) const {
  record_norm();
  record_gemm(0, plans_[0], layer);
  record_rope();
  record_attention();
  record_gemm(1, plans_[1], layer);
  record_norm();
  record_gemm(2, plans_[2], layer);
  record_gemm(3, plans_[3], layer);
}

// The rates of a layer's products, each by its fastest plan, in a line that is left open.
void print_products(const char* stage, const Model& model, WeightForm form, int count, const PromptModel& prompt) {
  std::printf("= %s %-4s %-10s %5d tokens:", stage, model.name, form_name(form), count);
  for (int i = 0; i < 4; ++i) {
    std::printf(" %s %.0f TF [n%d s%d c%d] |", prompt.shape(i).name,
                prompt.gemm_flops(prompt.shape(i)) / prompt.seconds(i) * 1e-12, prompt.plan(i).tokens,
                prompt.plan(i).splits, prompt.plan(i).cluster);
  }
}

// All layers, products by plans of clusters of so many blocks.
void time_layers(Session& s, PromptModel& prompt, const Model& model, WeightForm form, int count, int cluster) {
  prompt.tune_plans(cluster);
  print_products("prompt", model, form, count, prompt);
  double products = 0, flops = 0;
  for (int i = 0; i < 4; ++i) {
    products += prompt.seconds(i);
    flops += prompt.gemm_flops(prompt.shape(i));
  }
  const double layers = seconds_each(s.device, model.layers, [&](int i) { prompt.record_layer(i); }, 5) * model.layers;
  std::printf(" all layers %.2f ms (products alone %.2f; %.0f TF in all)\n", layers * 1e3,
              products * model.layers * 1e3, (flops + prompt.attention_flops()) * model.layers / layers * 1e-12);
}

// Clusters that can be worth it: of blocks that have their tokens for long enough.
std::vector<int> clusters_for(const Session& s, int count) {
  if (s.device.capability != 90 || count < 128) return {1};
  return {1, 2, 4};
}

void time_prompt(Session& s, const Model& model, WeightForm form, int count) {
  PromptModel prompt(s, model, form, count);
  for (const int cluster : clusters_for(s, count)) {
    if (s.seconds_left() > 2) time_layers(s, prompt, model, form, count, cluster);
  }
}

}  // namespace

bool run_prompt(Session& s) {
  if (s.is_small) {
    constexpr Model kTiny = {"tiny", 2, 128, 2, 1, 128};
    for (const WeightForm form : {WeightForm::bf16, WeightForm::codes4}) time_prompt(s, kTiny, form, 40);
    return true;
  }
  for (const WeightForm form : {WeightForm::bf16, WeightForm::codes4, WeightForm::f8}) {
    for (const int count : {2048, 512, 128, 8192}) {
      if (s.seconds_left() > 5) time_prompt(s, k8B, form, count);
    }
  }
  for (const int count : {128, 512, 2048}) {
    if (s.seconds_left() > 2) time_prompt(s, k06B, WeightForm::codes4, count);
    if (s.seconds_left() > 2) time_prompt(s, k06B, WeightForm::bf16, count);
  }
  return true;
}

// Products in every form, of a layer of 8B.
bool run_gemm(Session& s) {
  constexpr Model kTiny = {"tiny", 1, 128, 2, 1, 128};
  const Model& model = s.is_small ? kTiny : k8B;
  for (const int count : {128, 256, 320, 512, 2048}) {
    for (int f = 0; f < kWeightForms; ++f) {
      if (s.seconds_left() < 2 || (s.is_small && count > 128)) return true;
      const auto form = static_cast<WeightForm>(f);
      const int tokens = s.is_small ? 40 : count;
      PromptModel prompt(s, model, form, tokens);
      for (const int cluster : clusters_for(s, tokens)) {
        if (s.seconds_left() < 2) return true;
        prompt.tune_plans(cluster);
        print_products("gemm", model, form, tokens, prompt);
        double seconds = 0;
        for (int i = 0; i < 4; ++i) seconds += prompt.seconds(i);
        std::printf(" a layer %.1f us\n", seconds * 1e6);
      }
    }
  }
  return true;
}

}  // namespace estoc::gpu
