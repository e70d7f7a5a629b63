// A whole decode step of a model with random weights as one graph: embedding, layers, head, greedy token.
#include <algorithm>
#include <cstdio>
#include <cstring>

#include "gpu/source/argmax.h"
#include "gpu/source/attention_decode.h"
#include "gpu/source/embed.h"
#include "session.h"

namespace estoc::gpu {
namespace {

struct Model {
  const char* name;
  int layers, hidden, heads, kv_heads, intermediate, vocabulary;
  bool has_head_norm;
};
constexpr int kDim = 128, kArgmaxParts = 256;

// How far beyond its own weights a launch asks for those of later ones: a projection, and attention. 0: not at all. And
// whether attention asks for the next layer's keys and values.
struct Ahead {
  long projection, attention;
  bool has_kv;
};

constexpr long kMiB = 1 << 20;
constexpr Ahead kAheads[] = {{0, 0, true},
                             {0, 16 * kMiB, true},
                             {0, 32 * kMiB, true},
                             {4 * kMiB, 4 * kMiB, true},
                             {4 * kMiB, 16 * kMiB, true},
                             {8 * kMiB, 8 * kMiB, true},
                             {8 * kMiB, 24 * kMiB, true},
                             {16 * kMiB, 16 * kMiB, true},
                             {16 * kMiB, 16 * kMiB, false},
                             {16 * kMiB, 32 * kMiB, true},
                             {24 * kMiB, 24 * kMiB, true}};

// Device memory of a model and of a step of `count` sequences at `context` positions.
class StepModel {
 public:
  StepModel(Session& session, const Model& model, WeightForm form, int count, int context);
  void record(bool may_overlap);
  double bytes() const { return bytes_; }
  std::vector<uint32_t> outcome() const;  // logits and tokens of the last run, as bits

  // How the next record() cuts the step.
  LinearPlan qkv, out, gated, down, head;
  int splits;
  Ahead ahead{0, 0, false};

 private:
  // A matrix of every layer: where it lies in a layer's weights.
  void place(const LinearShape& shape, LinearPlan& plan, long offset, int layers);
  void record_layer(int layer, bool may_overlap);
  LinearArguments linear(const LinearShape& shape, long offset);
  // What nobody has asked for yet of the weights up to `distance` bytes beyond `own`, where those of a launch end.
  WeightsAhead ask(long own, long distance);

  Session& s_;
  Model m_;
  WeightForm form_;
  int count_, context_;
  LinearShape qkv_shape_, out_shape_, gated_shape_, down_shape_, head_shape_;
  Activations activations_;
  MatrixPool matrices_;
  long out_at_, gated_at_, down_at_, layer_bytes_;  // weights lie in the order of use, queries, keys and values first
  long asked_ = 0;
  double bytes_ = 0;
  long kv_stride_;
  int table_stride_;
  Buffer weights_, pool_, tables_, positions_, rotations_, arrived_, partial_, tokens_, next_tokens_, best_,
      best_index_, attended_, activated_, qkv_output_;
};

StepModel::StepModel(Session& session, const Model& model, WeightForm form, int count, int context)
    : splits(attention_splits(context, count, model.kv_heads, session.device.multiprocessors, kDim)),
      s_(session),
      m_(model),
      form_(form),
      count_(count),
      context_(context),
      qkv_shape_{"qkv", LinearEnd::store, (model.heads + 2 * model.kv_heads) * kDim, model.hidden},
      out_shape_{"out", LinearEnd::residual, model.hidden, model.heads * kDim},
      gated_shape_{"gated", LinearEnd::gated, 2 * model.intermediate, model.hidden},
      down_shape_{"down", LinearEnd::residual, model.hidden, model.intermediate},
      head_shape_{"head", LinearEnd::store, model.vocabulary, model.hidden},
      activations_(session),
      matrices_(session, session.is_small ? 1 << 20 : size_t{1} << 30),
      out_at_(linear_bytes(form, qkv_shape_)),
      gated_at_(out_at_ + linear_bytes(form, out_shape_)),
      down_at_(gated_at_ + linear_bytes(form, gated_shape_)),
      layer_bytes_(down_at_ + linear_bytes(form, down_shape_)),
      kv_stride_(2L * model.layers * model.kv_heads * kv_tile_bytes(KvForm::bf16, kDim)),
      table_stride_(context / kKvPositions),
      weights_(session.device, static_cast<size_t>(layer_bytes_ * model.layers + linear_bytes(form, head_shape_))),
      pool_(session.device, static_cast<size_t>(count) * table_stride_ * kv_stride_),
      tables_(session.device, static_cast<size_t>(count) * table_stride_ * 4),
      positions_(Buffer::of(session.device, std::vector<int>(count, context - 1))),
      rotations_(Buffer::of(session.device, std::vector<float>(static_cast<size_t>(context) * kDim, 0.6f))),
      arrived_(Buffer::of(session.device, std::vector<uint32_t>(count * model.kv_heads))),
      partial_(session.device, static_cast<size_t>(count) * model.kv_heads * kAttentionSplitsMax * 4 *
                                   attention_partial_floats(model.heads / model.kv_heads, kDim)),
      tokens_(Buffer::of(session.device, std::vector<uint32_t>(count, 7))),
      next_tokens_(session.device, count * 4),
      best_(session.device, count * kArgmaxParts * 4),
      best_index_(session.device, count * kArgmaxParts * 4),
      attended_(session.device, static_cast<size_t>(count) * model.heads * kDim * 2),
      activated_(session.device, static_cast<size_t>(count) * model.intermediate * 2),
      qkv_output_(session.device, static_cast<size_t>(count) * qkv_shape_.rows * 4) {
  bytes_ = static_cast<double>(weights_.bytes() + pool_.bytes());
  std::vector<uint32_t> ids(static_cast<size_t>(count) * table_stride_);
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<uint32_t>(i);
  tables_.upload(ids.data(), ids.size() * 4);
  pool_.fill(0x3c003d00);
  place(qkv_shape_, qkv, 0, m_.layers);
  place(out_shape_, out, out_at_, m_.layers);
  place(gated_shape_, gated, gated_at_, m_.layers);
  place(down_shape_, down, down_at_, m_.layers);
  place(head_shape_, head, layer_bytes_ * m_.layers, 1);
}

void StepModel::place(const LinearShape& shape, LinearPlan& plan, long offset, int layers) {
  const Driver& driver = s_.device.driver();
  matrices_.fill(form_, shape.rows, shape.columns);
  plan = plan_for(form_, shape);
  const auto bytes = static_cast<size_t>(matrices_.matrix_bytes());
  for (int i = 0; i < layers; ++i) {
    const size_t at = static_cast<size_t>(offset + i * layer_bytes_);
    driver.check(driver.copy_on_device(weights_.address() + at, reinterpret_cast<Address>(matrices_.matrix(i)), bytes,
                                       s_.device.stream()),
                 "placing weights");
  }
  s_.device.synchronize();
}

WeightsAhead StepModel::ask(long own, long distance) {
  const long begin = std::max(asked_, own), end = std::min(own + distance, static_cast<long>(weights_.bytes()));
  if (end <= begin) return {};
  asked_ = end;
  return {weights_.as<u8>(static_cast<size_t>(begin)), static_cast<u32>(end - begin)};
}

LinearArguments StepModel::linear(const LinearShape& shape, long offset) {
  LinearArguments a = activations_.arguments(shape, count_);
  const long bytes = matrix_bytes(form_, shape.rows, shape.columns);
  a.weights = weights_.as<u8>(static_cast<size_t>(offset));
  a.ahead = ask(offset + bytes, ahead.projection);
  a.inputs = activations_.next_inputs.as<u16>();
  a.squares = shape.end == LinearEnd::residual ? nullptr : activations_.next_squares.as<float>();
  return a;
}

void StepModel::record_layer(int layer, bool may_overlap) {
  const long begin = layer * layer_bytes_;
  // Squares come from the residual kernel before, one part a block; of the first layer from the embedding, one part.
  LinearArguments a = linear(qkv_shape_, begin);
  a.square_parts = layer == 0 ? 1 : linear_blocks(down_shape_, down);
  a.output = qkv_output_.as<float>();
  launch_linear(s_, form_, qkv_shape_, qkv, a, may_overlap);
  const bool has_next = ahead.has_kv && layer + 1 < m_.layers && pool_.bytes() / m_.layers <= 16 * kMiB;
  const float* norm = m_.has_head_norm ? activations_.vectors.as<float>() : nullptr;
  const long kv_layer_bytes = 2L * m_.kv_heads * kv_tile_bytes(KvForm::bf16, kDim);
  const AttentionArguments attention{
      .qkv = qkv_output_.as<float>(),
      .query_norm = norm,
      .key_norm = norm,
      .rotations = rotations_.as<float>(),
      .positions = positions_.as<int>(),
      .tables = tables_.as<u32>(),
      .kv = {pool_.as<u8>(layer * kv_layer_bytes), kv_stride_, m_.kv_heads, KvForm::bf16},
      .output = attended_.as<u16>(),
      .partial = partial_.as<float>(),
      .arrived = arrived_.as<u32>(),
      .table_stride = table_stride_,
      .qkv_stride = qkv_shape_.rows,
      .heads = m_.heads,
      .width = kDim,
      .epsilon = 1e-6f,
      .scale = 0.088f,
      .ahead = ask(begin + out_at_, ahead.attention),
      .next_layer = has_next ? kv_layer_bytes : 0};
  launch(s_.device, s_.function("attention_decode_d128"),
         {.blocks = splits,
          .blocks_y = count_ * m_.kv_heads,
          .threads = attention_threads(kDim),
          .may_overlap = may_overlap},
         attention);
  a = linear(out_shape_, begin + out_at_);
  a.inputs = attended_.as<u16>();
  launch_linear(s_, form_, out_shape_, out, a, may_overlap);
  a = linear(gated_shape_, begin + gated_at_);
  a.square_parts = linear_blocks(out_shape_, out);
  a.activated = activated_.as<u16>();
  launch_linear(s_, form_, gated_shape_, gated, a, may_overlap);
  a = linear(down_shape_, begin + down_at_);
  a.inputs = activated_.as<u16>();
  launch_linear(s_, form_, down_shape_, down, a, may_overlap);
}

void StepModel::record(bool may_overlap) {
  const long head_at = layer_bytes_ * m_.layers;
  asked_ = 0;
  const EmbedArguments embed{weights_.as<u8>(static_cast<size_t>(head_at)),
                             tokens_.as<u32>(),
                             activations_.vectors.as<float>(),
                             activations_.residual.as<float>(),
                             activations_.next_inputs.as<u16>(),
                             activations_.next_squares.as<float>(),
                             m_.hidden};
  launch(s_.device, s_.function(std::string("embed_") + form_name(form_)),
         {.blocks = count_, .threads = kEmbedThreads, .may_overlap = false}, embed);
  for (int layer = 0; layer < m_.layers; ++layer) record_layer(layer, may_overlap);
  LinearArguments a = linear(head_shape_, head_at);
  a.square_parts = linear_blocks(down_shape_, down);
  launch_linear(s_, form_, head_shape_, head, a, may_overlap);
  const ArgmaxArguments argmax{activations_.output.as<float>(), best_.as<float>(), best_index_.as<u32>(),
                               next_tokens_.as<u32>(),          m_.vocabulary,     kArgmaxParts};
  launch(s_.device, s_.function("argmax_parts"),
         {.blocks = kArgmaxParts, .blocks_y = count_, .threads = kArgmaxThreads, .may_overlap = may_overlap}, argmax);
  launch(s_.device, s_.function("argmax_rows"),
         {.blocks = count_, .threads = kArgmaxThreads, .may_overlap = may_overlap}, argmax);
}

std::vector<uint32_t> StepModel::outcome() const {
  std::vector<uint32_t> bits(static_cast<size_t>(count_) * m_.vocabulary + count_);
  activations_.output.download(bits.data(), (bits.size() - count_) * 4);
  next_tokens_.download(bits.data() + bits.size() - count_, count_ * 4);
  return bits;
}

bool is_all_finite(const std::vector<uint32_t>& bits) {
  for (const uint32_t word : bits) {
    if ((word & 0x7f800000u) == 0x7f800000u) return false;
  }
  return true;
}

double seconds_of(const Session& s, StepModel& step, bool may_overlap) {
  return seconds_each(s.device, 1, [&](int) { step.record(may_overlap); }, s.is_small ? 1 : 15);
}

// The distances ahead, all of which have to give the same bits; leaves the fastest, and returns its seconds.
double tune_ahead(const Session& s, StepModel& step, double seconds, const std::vector<uint32_t>& outcome,
                  bool& is_same) {
  Ahead best = step.ahead;
  for (const Ahead& ahead : kAheads) {
    step.ahead = ahead;
    const double now = seconds_of(s, step, true);
    is_same &= step.outcome() == outcome;
    std::printf(" %ld/%ld%s: %.3f", ahead.projection >> 20, ahead.attention >> 20, ahead.has_kv ? "+kv" : "",
                now * 1e3);
    if (now < seconds) {
      seconds = now;
      best = ahead;
    }
  }
  step.ahead = best;
  return seconds;
}

// Launch shapes one after the other, each the fastest within the step as it is by then. Prints what is not by plan.
double tune_shapes(const Session& s, StepModel& step, double seconds) {
  struct Named {
    const char* name;
    LinearPlan* plan;
  };
  const Named all[] = {{"qkv", &step.qkv}, {"out", &step.out}, {"gated", &step.gated}, {"down", &step.down}};
  for (const Named& named : all) {
    const LinearPlan planned = *named.plan;
    LinearPlan best = planned;
    for (const int tiles : {1, 2}) {
      for (const int warps : {4, 8, 16}) {
        if (tiles == planned.tiles && warps == planned.warps) continue;
        *named.plan = {tiles, warps};
        const double now = seconds_of(s, step, true);
        if (now >= seconds * 0.997) continue;
        seconds = now;
        best = *named.plan;
      }
    }
    *named.plan = best;
    if (best.tiles != planned.tiles || best.warps != planned.warps) {
      std::printf(" %s %dx%d, not %dx%d: %.3f", named.name, best.tiles, best.warps, planned.tiles, planned.warps,
                  seconds * 1e3);
    }
  }
  const int planned = step.splits;
  int best = planned;
  for (const int splits : {planned / 2, planned * 2}) {
    if (splits < 1 || splits > kAttentionSplitsMax) continue;
    step.splits = splits;
    const double now = seconds_of(s, step, true);
    if (now >= seconds * 0.997) continue;
    seconds = now;
    best = splits;
  }
  step.splits = best;
  if (best != planned) std::printf(" %d splits, not %d: %.3f", best, planned, seconds * 1e3);
  return seconds;
}

bool time_step(Session& s, const Model& model, WeightForm form, int count, int context) {
  StepModel step(s, model, form, count, context);
  double times[2];
  std::vector<uint32_t> outcomes[2];
  for (const bool may_overlap : {false, true}) {
    times[may_overlap] = seconds_of(s, step, may_overlap);
    outcomes[may_overlap] = step.outcome();
  }
  bool is_same = outcomes[0] == outcomes[1];
  std::printf("step %s %s, %d rows: MiB ahead of projections/attention: ms", model.name, form_name(form), count);
  const double ahead = tune_ahead(s, step, times[1], outcomes[0], is_same);
  std::printf("; shapes:");
  const double shaped = count == 1 ? tune_shapes(s, step, ahead) : ahead;
  std::printf("\n");
  const bool is_finite = is_all_finite(step.outcome());
  std::printf(
      "= step %-5s %-10s %2d rows, context %d: plain %.3f ms, overlapping %.3f, ahead %ld/%ld%s MiB %.3f, other shapes "
      "%.3f "
      "(%.2f GB of weights, keys and values: %.0f%% of reading)\n",
      model.name, form_name(form), count, context, times[0] * 1e3, times[1] * 1e3, step.ahead.projection >> 20,
      step.ahead.attention >> 20, step.ahead.has_kv ? "+kv" : "", ahead * 1e3, shaped * 1e3, step.bytes() * 1e-9,
      100 * step.bytes() / shaped / s.read_roof);
  if (!is_same) {
    std::printf("! step %s %s: overlapping launches or weights asked for ahead changed the logits\n", model.name,
                form_name(form));
  }
  if (!is_finite) std::printf("! step %s %s: logits that are no numbers\n", model.name, form_name(form));
  return is_same && is_finite;
}

}  // namespace

bool run_step(Session& s, std::span<const int> counts) {
  constexpr Model kModels[] = {{"8B", 32, 4096, 32, 8, 14336, 128256, false},
                               {"0.6B", 28, 1024, 16, 8, 3072, 151936, true}};
  constexpr Model kTiny = {"tiny", 2, 128, 2, 1, 192, 200, true};
  bool is_good = true;
  if (s.is_small) {
    for (const WeightForm form : {WeightForm::bf16, WeightForm::codes4}) is_good &= time_step(s, kTiny, form, 2, 128);
    return is_good;
  }
  for (const Model& model : kModels) {
    for (const WeightForm form : {WeightForm::bf16, WeightForm::codes8, WeightForm::f8, WeightForm::codes4}) {
      for (const int count : counts) {
        if (s.seconds_left() > 2) is_good &= time_step(s, model, form, count, 1024);
      }
    }
  }
  return is_good;
}

}  // namespace estoc::gpu
