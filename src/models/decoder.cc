#include "models/decoder.h"

#include <algorithm>

#include "base/error.h"
#include "gpu_layers/gpu_stack.h"
#include "layers/cpu_stack.h"
#include "weights/config_reader.h"

namespace estoc {
namespace {

struct DecoderScratch final : ModelScratch {
  DecoderScratch(int rows_max, int64_t hidden_columns, int threads)
      : hidden(rows_max, hidden_columns), decoded(threads, hidden_columns) {}

  void copy_block(const BlockCopy& copy) override {
    for (const auto& stack : stacks) stack->copy_block(copy);
  }

  void swap_out(std::span<const SwapCopy> copies) override {
    for (const auto& stack : stacks) stack->swap_out(copies);
  }
  void swap_in(std::span<const SwapCopy> copies) override {
    for (const auto& stack : stacks) stack->swap_in(copies);
  }
  void await_swap_in() override {
    for (const auto& stack : stacks) stack->await_swap_in();
  }

  Rows hidden;  // the residual stream
  DecodeScratch decoded;
  SampledRows sampled;
  std::vector<std::unique_ptr<StackScratch>> stacks;
};

std::unique_ptr<DecoderStack> make_stack(LoadContext& load, const DecoderSpec& spec, const StateLayout& layout,
                                         const StackPlace& place, int first) {
  if (auto device = gpu::Accelerator::open(place.device)) {
    return std::make_unique<GpuStack>(load, spec, layout, std::move(device), first, place.layer_end);
  }
  constexpr std::string_view kCpu = "cpu";
  if (place.device == kCpu) return std::make_unique<CpuStack>(load, spec, layout, load.compute, first, place.layer_end);
  if (place.device.starts_with("cpu:")) {
    const Compute compute = compute_of(load.compute, place.device.substr(kCpu.size() + 1));
    return std::make_unique<CpuStack>(load, spec, layout, compute, first, place.layer_end);
  }
  fail(ErrorCode::invalid_argument, "the place '{}' is not known, expected cpu, cpu:LEVEL, cuda, hip or emulator",
       place.device);
}

}  // namespace

Decoder::Decoder(LoadContext& load, const ModelInfo& info, const DecoderSpec& spec,
                 const std::vector<StackPlace>& places)
    : info_(info), compute_(load.compute), logit_scale_(spec.logit_scale), logit_softcap_(spec.logit_softcap) {
  const bool is_tied = load.source.find(load.naming.head_weight()) == nullptr;
  if (is_tied && !ConfigReader(load.source).boolean("tie_word_embeddings", true)) {
    fail(ErrorCode::corrupt_file,
         "{}: tensor '{}' is missing, and the config says that the embedding is not in its place", load.source.path(),
         load.naming.head_weight());
  }
  const auto layer_count = static_cast<int>(spec.layers.size());
  for (const RopeSpec& rope : spec.ropes) {
    const int64_t shape[] = {static_cast<int64_t>(rope.frequencies.size())};
    if (!rope.factors.empty()) load.require(rope.factors, shape);
  }
  int first = 0;
  for (const StackPlace& place : places.empty() ? std::vector<StackPlace>{{layer_count}} : places) {
    if (place.layer_end <= first || place.layer_end > layer_count) {
      fail(ErrorCode::invalid_argument, "a place ends at layer {}, expected {} to {}", place.layer_end, first + 1,
           layer_count);
    }
    stacks_.push_back(make_stack(load, spec, info.state, place, first));
    if (!stacks_.back()->is_in_main_memory()) {
      for (int layer = first; layer < place.layer_end; ++layer) {
        info_.device_layers.push_back(layer);
        if (spec.layers[static_cast<size_t>(layer)].second_mixer) {
          info_.device_layers.push_back(second_state(spec, layer));
        }
      }
    }
    first = place.layer_end;
  }
  std::ranges::sort(info_.device_layers);
  if (first != layer_count) {
    fail(ErrorCode::invalid_argument, "the places cover {} of {} layers", first, layer_count);
  }
  if (!stacks_.front()->has_embedding()) {
    embedding_.emplace(load, std::string(load.naming.embedding), spec);
  }
  if (stacks_.back()->has_head()) return;
  norm_.emplace(load, spec.norm, spec.hidden);
  load.weights = head_type(load.weights);
  head_.emplace(load, std::string(is_tied ? load.naming.embedding : load.naming.head), spec.vocab, spec.hidden);
}

void Decoder::finish_logits(float* row) const {
  if (!head_->bias().empty()) compute_.kernels.add(head_->bias().data(), info_.vocab, row);
  if (logit_scale_ != 1) {
    for (int i = 0; i < info_.vocab; ++i) row[i] *= logit_scale_;
  }
  if (logit_softcap_ > 0) compute_.kernels.soft_cap(logit_softcap_, info_.vocab, row);
}

std::unique_ptr<ModelScratch> Decoder::make_scratch(const RunLimits& limits) const {
  auto scratch = std::make_unique<DecoderScratch>(limits.rows_max, info_.hidden, compute_.team.thread_count());
  for (const auto& stack : stacks_) scratch->stacks.push_back(stack->make_scratch(limits));
  return scratch;
}

void Decoder::forward(const Batch& batch, StateStorage& kv, ModelScratch& scratch, const LogitRows& logits) const {
  auto& work = static_cast<DecoderScratch&>(scratch);
  if (embedding_) embedding_->forward(batch, work.hidden);
  if (work.visit) work.visit(0, work.hidden);
  work.sampled.select(batch);
  for (size_t i = 0; i < stacks_.size(); ++i) {
    const bool is_last = i + 1 == stacks_.size();
    stacks_[i]->forward(batch, kv, *work.stacks[i], work.hidden,
                        is_last && !work.sampled.are_all() ? &work.sampled : nullptr, logits);
    if (work.visit) work.visit(stacks_[i]->end_layer(), work.hidden);
  }
  if (!head_) return stacks_.back()->finish(*work.stacks.back());
  norm_->forward(compute_, work.hidden, work.hidden);
  const Product product{&head_->weight(), {logits.values, info_.vocab}};
  matmul(compute_, work.hidden, {&product, 1}, work.decoded);
  if (logit_scale_ == 1 && logit_softcap_ == 0 && head_->bias().empty()) return;
  compute_.team.parallel_for(work.hidden.count(), 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; ++r) finish_logits(logits.values + r * info_.vocab);
  });
}

bool Decoder::begin(const Batch& batch, StateStorage& kv, ModelScratch& scratch, const LogitRows& logits) const {
  auto& work = static_cast<DecoderScratch&>(scratch);
  if (stacks_.size() != 1 || embedding_ || head_ || work.visit) return false;
  stacks_[0]->forward(batch, kv, *work.stacks[0], work.hidden, nullptr, logits);
  return true;
}

bool Decoder::can_follow(const Batch& batch, const ModelScratch& scratch) const {
  const auto& work = static_cast<const DecoderScratch&>(scratch);
  return stacks_.size() == 1 && !embedding_ && !head_ && !work.visit && stacks_[0]->can_follow(batch, *work.stacks[0]);
}

void Decoder::finish(ModelScratch& scratch) const {
  stacks_.back()->finish(*static_cast<DecoderScratch&>(scratch).stacks.back());
}

}  // namespace estoc
