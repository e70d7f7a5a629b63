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

// Device memory of a model and of a step of `count` sequences at `context` positions.
class StepModel {
 public:
  StepModel(Session& session, const Model& model, WeightForm form, int count, int context);
  void record(bool may_overlap) const;
  double bytes() const { return bytes_; }
  std::vector<uint32_t> outcome() const;  // logits and tokens of the last run, as bits

 private:
  void record_layer(int layer, bool may_overlap) const;
  LinearArguments linear(const LinearShape& shape, const u8* weights) const;

  Session& s_;
  Model m_;
  WeightForm form_;
  int count_, context_;
  LinearShape qkv_shape_, out_shape_, gated_shape_, down_shape_, head_shape_;
  LinearPlan qkv_plan_, out_plan_, gated_plan_, down_plan_, head_plan_;
  Activations activations_;
  MatrixPool matrices_;
  std::vector<const u8*> qkv_, out_, gate_, up_, down_;
  const u8* head_ = nullptr;
  double bytes_ = 0;
  long kv_stride_;
  int table_stride_, splits_;
  Buffer weights_, pool_, tables_, positions_, rotations_, arrived_, partial_, tokens_, next_tokens_, best_,
      best_index_, attended_, activated_, qkv_output_;
};

size_t bytes_of(const Model& m, WeightForm form) {
  const long layer = matrix_bytes(form, (m.heads + 2 * m.kv_heads) * kDim, m.hidden) +
                     matrix_bytes(form, m.hidden, m.heads * kDim) + 2 * matrix_bytes(form, m.intermediate, m.hidden) +
                     matrix_bytes(form, m.hidden, m.intermediate);
  return static_cast<size_t>(layer) * m.layers + matrix_bytes(form, m.vocabulary, m.hidden);
}

int splits_for(const Session& s, const Model& m, int count, int context) {
  const int blocks = count * m.kv_heads;
  return std::clamp(std::min(context / 64, 3 * s.device.multiprocessors / blocks), 1, kAttentionSplitsMax);
}

StepModel::StepModel(Session& session, const Model& model, WeightForm form, int count, int context)
    : s_(session),
      m_(model),
      form_(form),
      count_(count),
      context_(context),
      qkv_shape_{"qkv", LinearEnd::store, (model.heads + 2 * model.kv_heads) * kDim, model.hidden},
      out_shape_{"out", LinearEnd::residual, model.hidden, model.heads * kDim},
      gated_shape_{"gated", LinearEnd::gated, model.intermediate, model.hidden},
      down_shape_{"down", LinearEnd::residual, model.hidden, model.intermediate},
      head_shape_{"head", LinearEnd::store, model.vocabulary, model.hidden},
      activations_(session),
      matrices_(session, session.is_small ? 1 << 20 : size_t{1} << 30),
      kv_stride_(2L * model.layers * model.kv_heads * kv_tile_elements(kDim)),
      table_stride_(context / kKvPositions),
      splits_(splits_for(session, model, count, context)),
      weights_(session.device, bytes_of(model, form)),
      pool_(session.device, static_cast<size_t>(count) * table_stride_ * kv_stride_ * 2),
      tables_(session.device, static_cast<size_t>(count) * table_stride_ * 4),
      positions_(Buffer::of(session.device, std::vector<int>(count, context - 1))),
      rotations_(Buffer::of(session.device, std::vector<float>(static_cast<size_t>(context) * kDim, 0.6f))),
      arrived_(Buffer::of(session.device, std::vector<uint32_t>(count * model.kv_heads))),
      partial_(session.device, static_cast<size_t>(count) * model.heads * kAttentionSplitsMax * (kDim + 2) * 4),
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
  size_t at = 0;
  const Driver& driver = s_.device.driver();
  auto place = [&](const LinearShape& shape, LinearPlan& plan, std::vector<const u8*>* first,
                   std::vector<const u8*>* second, int copies) {
    matrices_.fill(form_, shape.rows, shape.columns);
    plan = plan_for(form_, shape);
    for (int i = 0; i < copies; ++i) {
      for (auto* list : {first, second}) {
        if (list == nullptr) continue;
        driver.check(driver.copy_on_device(weights_.address() + at, reinterpret_cast<Address>(matrices_.matrix(i)),
                                           static_cast<size_t>(matrices_.matrix_bytes()), s_.device.stream()),
                     "placing weights");
        list->push_back(weights_.as<u8>(at));
        at += static_cast<size_t>(matrices_.matrix_bytes());
      }
    }
    s_.device.synchronize();
  };
  std::vector<const u8*> head;
  place(qkv_shape_, qkv_plan_, &qkv_, nullptr, m_.layers);
  place(out_shape_, out_plan_, &out_, nullptr, m_.layers);
  place(gated_shape_, gated_plan_, &gate_, &up_, m_.layers);
  place(down_shape_, down_plan_, &down_, nullptr, m_.layers);
  place(head_shape_, head_plan_, &head, nullptr, 1);
  head_ = head[0];
}

LinearArguments StepModel::linear(const LinearShape& shape, const u8* weights) const {
  LinearArguments a = activations_.arguments(shape, count_);
  a.weights = weights;
  a.inputs = activations_.next_inputs.as<u16>();
  a.squares = shape.end == LinearEnd::residual ? nullptr : activations_.next_squares.as<float>();
  return a;
}

void StepModel::record_layer(int layer, bool may_overlap) const {
  // Squares come from the residual kernel before, one part a block; of the first layer from the embedding, one part.
  LinearArguments qkv = linear(qkv_shape_, qkv_[layer]);
  qkv.square_parts = layer == 0 ? 1 : linear_blocks(down_shape_, down_plan_);
  qkv.output = qkv_output_.as<float>();
  launch_linear(s_, form_, qkv_shape_, qkv_plan_, qkv, may_overlap);
  const float* norm = m_.has_head_norm ? activations_.vectors.as<float>() : nullptr;
  const AttentionArguments attention{
      .qkv = qkv_output_.as<float>(),
      .query_norm = norm,
      .key_norm = norm,
      .rotations = rotations_.as<float>(),
      .positions = positions_.as<int>(),
      .tables = tables_.as<u32>(),
      .kv = {pool_.as<u16>(2L * 2 * layer * m_.kv_heads * kv_tile_elements(kDim)), kv_stride_, m_.kv_heads},
      .output = attended_.as<u16>(),
      .partial = partial_.as<float>(),
      .arrived = arrived_.as<u32>(),
      .table_stride = table_stride_,
      .heads = m_.heads,
      .epsilon = 1e-6f,
      .scale = 0.088f,
      .ahead = {}};
  launch(
      s_.device, s_.function("attention_decode_d128"),
      {.blocks = splits_, .blocks_y = count_ * m_.kv_heads, .threads = kAttentionThreads, .may_overlap = may_overlap},
      attention);
  LinearArguments out = linear(out_shape_, out_[layer]);
  out.inputs = attended_.as<u16>();
  launch_linear(s_, form_, out_shape_, out_plan_, out, may_overlap);
  LinearArguments gated = linear(gated_shape_, gate_[layer]);
  gated.weights_up = up_[layer];
  gated.square_parts = linear_blocks(out_shape_, out_plan_);
  gated.activated = activated_.as<u16>();
  launch_linear(s_, form_, gated_shape_, gated_plan_, gated, may_overlap);
  LinearArguments down = linear(down_shape_, down_[layer]);
  down.inputs = activated_.as<u16>();
  launch_linear(s_, form_, down_shape_, down_plan_, down, may_overlap);
}

void StepModel::record(bool may_overlap) const {
  const EmbedArguments embed{head_,
                             tokens_.as<u32>(),
                             activations_.vectors.as<float>(),
                             activations_.residual.as<float>(),
                             activations_.next_inputs.as<u16>(),
                             activations_.next_squares.as<float>(),
                             m_.hidden};
  launch(s_.device, s_.function(std::string("embed_") + form_name(form_)),
         {.blocks = count_, .threads = kEmbedThreads, .may_overlap = false}, embed);
  for (int layer = 0; layer < m_.layers; ++layer) record_layer(layer, may_overlap);
  LinearArguments head = linear(head_shape_, head_);
  head.square_parts = linear_blocks(down_shape_, down_plan_);
  launch_linear(s_, form_, head_shape_, head_plan_, head, may_overlap);
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

bool time_step(Session& s, const Model& model, WeightForm form, int count, int context) {
  const StepModel step(s, model, form, count, context);
  double times[2];
  std::vector<uint32_t> outcomes[2];
  for (const bool may_overlap : {false, true}) {
    times[may_overlap] = seconds_each(s, 1, [&](int) { step.record(may_overlap); }, s.is_small ? 1 : 15);
    outcomes[may_overlap] = step.outcome();
  }
  const bool is_same = outcomes[0] == outcomes[1], is_finite = is_all_finite(outcomes[1]);
  std::printf(
      "= step %-5s %-10s %2d rows, context %d: plain %.3f ms, overlapping %.3f ms (%.2f GB of weights, keys and "
      "values: "
      "%.0f%% of reading)\n",
      model.name, form_name(form), count, context, times[0] * 1e3, times[1] * 1e3, step.bytes() * 1e-9,
      100 * step.bytes() / times[1] / s.read_roof);
  if (!is_same) std::printf("! step %s %s: overlapping launches changed the logits\n", model.name, form_name(form));
  if (!is_finite) std::printf("! step %s %s: logits that are no numbers\n", model.name, form_name(form));
  return is_same && is_finite;
}

}  // namespace

bool run_step(Session& s) {
  constexpr Model kModels[] = {{"8B", 32, 4096, 32, 8, 14336, 128256, false},
                               {"0.6B", 28, 1024, 16, 8, 3072, 151936, true}};
  constexpr Model kTiny = {"tiny", 2, 128, 2, 1, 192, 200, true};
  bool is_good = true;
  if (s.is_small) {
    for (const WeightForm form : {WeightForm::bf16, WeightForm::codes4}) is_good &= time_step(s, kTiny, form, 2, 128);
    return is_good;
  }
  for (const Model& model : kModels) {
    for (const WeightForm form : {WeightForm::bf16, WeightForm::codes8, WeightForm::codes4}) {
      for (const int count : {1, 8}) {
        if (s.seconds_left() > 2) is_good &= time_step(s, model, form, count, 1024);
      }
    }
  }
  return is_good;
}

}  // namespace estoc::gpu
