#include "layers/moe.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "layers/cpu_scratch.h"
#include "layers/expert_weights.h"
#include "ops/elementwise.h"
#include "ops/profile.h"

namespace estoc {
namespace {

// Columns of what experts read and make.
int columns_of(const MoeSpec& spec, int hidden) { return spec.latent ? spec.latent->width : hidden; }

ExpertScratch::Limits limits_of(std::span<const MoeSpec* const> specs, int hidden, int rows_max, int threads) {
  ExpertScratch::Limits limits{.rows = rows_max, .has_gate = false, .threads = threads};
  for (const MoeSpec* spec : specs) {
    limits.hidden = std::max<int64_t>(limits.hidden, columns_of(*spec, hidden));
    limits.experts = std::max(limits.experts, spec->rule.experts);
    limits.chosen = std::max(limits.chosen, spec->rule.chosen);
    limits.width = std::max<int64_t>(limits.width, spec->width);
    limits.has_gate |= !spec->gate.empty();
  }
  return limits;
}

int shared_width(std::span<const MoeSpec* const> specs) {
  int width = 0;
  for (const MoeSpec* spec : specs) width = std::max(width, spec->shared ? spec->shared->width : 0);
  return width;
}

int latent_width(std::span<const MoeSpec* const> specs) {
  int width = 0;
  for (const MoeSpec* spec : specs) width = std::max(width, spec->latent ? spec->latent->width : 0);
  return width;
}

// A vector that files also keep as a matrix of one row.
std::vector<float> load_row(LoadContext& load, const std::string& name, int64_t count) {
  const WeightTensor* tensor = load.source.find(name);
  if (tensor == nullptr || tensor->shape.size() != 2) return load_vector(load, name, count);
  const int64_t shape[] = {1, count};
  std::vector<float> values(static_cast<size_t>(count));
  load.require(name, shape).decode_row(0, values.data());
  load.took(tensor->bytes.size());
  return values;
}

// As it is stored, whatever other matrices are rounded to: it is small, and what it decides is not.
Linear load_router(LoadContext& load, const MoeSpec& spec, int hidden) {
  const WeightType type = std::exchange(load.weights, WeightType::as_stored);
  Linear router(load, spec.router, spec.rule.experts, hidden);
  load.weights = type;
  return router;
}

}  // namespace

MoeScratch::MoeScratch(std::span<const MoeSpec* const> specs, int hidden, int rows_max, int threads)
    : logits(rows_max, limits_of(specs, hidden, rows_max, threads).experts),
      routes(rows_max, limits_of(specs, hidden, rows_max, threads).chosen),
      experts(limits_of(specs, hidden, rows_max, threads)) {
  if (std::ranges::any_of(specs, [](const MoeSpec* spec) { return !spec->router_norm.empty(); })) {
    routed.emplace(rows_max, hidden);
  }
  if (const int width = shared_width(specs); width > 0) {
    shared.emplace(Rows(rows_max, width), Rows(rows_max, width), Rows(rows_max, width));
  }
  if (const int width = latent_width(specs); width > 0) latent.emplace(Rows(rows_max, width), Rows(rows_max, width));
}

namespace {

// Gate or up of an MLP that may have both in one tensor.
MatrixSpec shared_matrix(const SharedExpertSpec& spec, std::string_view part, int64_t first_row) {
  if (spec.gate_up.empty()) return {.name = fmt::format("{}.{}", spec.name, part)};
  return {.name = fmt::format("{}.{}", spec.name, spec.gate_up),
          .first_row = first_row,
          .tensor_rows = 2 * int64_t{spec.width}};
}

}  // namespace

Moe::Shared::Shared(LoadContext& load, const SharedExpertSpec& spec, bool has_gate, int hidden)
    : up(load, shared_matrix(spec, "up_proj", spec.width), spec.width, hidden),
      down(load, spec.name + "." + spec.down, hidden, spec.width),
      weigher(spec.weigher.empty() ? std::vector<float>() : load_row(load, spec.weigher + ".weight", hidden)) {
  if (has_gate) gate.emplace(load, shared_matrix(spec, "gate_proj", 0), spec.width, hidden);
}

Moe::Latent::Latent(LoadContext& load, const LatentSpec& spec, int hidden)
    : in(load, spec.in, spec.width, hidden), out(load, spec.out, hidden, spec.width) {}

Moe::Moe(LoadContext& load, const MoeSpec& spec, int hidden)
    : rule_(spec.rule),
      router_(load_router(load, spec, hidden)),
      router_epsilon_(spec.router_epsilon),
      experts_(load_experts(load, spec, columns_of(spec, hidden))) {
  if (spec.latent) latent_.emplace(load, *spec.latent, hidden);
  if (!spec.router_norm.empty()) router_norm_ = load_vector(load, spec.router_norm, hidden);
  for (float& weight : router_norm_) weight *= spec.router_scale;
  if (!spec.expert_scale.empty()) expert_scale_ = load_vector(load, spec.expert_scale, spec.rule.experts);
  if (!spec.correction.empty()) correction_ = load_row(load, spec.correction, spec.rule.experts);
  if (spec.shared) shared_.emplace(load, *spec.shared, !spec.gate.empty(), hidden);
}

void Moe::forward(const Compute& compute, CpuScratch& work, const PartOutput& out, const Rows* stream) const {
  ESTOC_DCHECK(work.moe.has_value());
  Rows* routed = &work.normed;
  if (!router_norm_.empty()) {
    routed = &*work.moe->routed;
    routed->reset(stream->count());
    rms_norm(compute, *stream, router_norm_, router_epsilon_, *routed);
  }
  const LinearOutput router{&router_, &work.moe->logits};
  estoc::forward(compute, *routed, {&router, 1}, work.decoded);
  route(compute, rule_, correction_, work.moe->logits, work.moe->routes);
  if (!expert_scale_.empty()) scale_experts(work.moe->routes);
  add_experts(compute, work, out);
  if (shared_) add_shared(compute, work, *out.rows);
}

void Moe::add_experts(const Compute& compute, CpuScratch& work, const PartOutput& out) const {
  MoeScratch& moe = *work.moe;
  if (!latent_) {
    run_experts(compute, experts_, work.normed, moe.routes, moe.experts, work.decoded, *out.rows, out.is_added);
    return;
  }
  const LinearOutput in{&latent_->in, &moe.latent->in};
  estoc::forward(compute, work.normed, {&in, 1}, work.decoded);
  run_experts(compute, experts_, moe.latent->in, moe.routes, moe.experts, work.decoded, moe.latent->out, false);
  const LinearOutput back{&latent_->out, out.rows, out.is_added};
  estoc::forward(compute, moe.latent->out, {&back, 1}, work.decoded);
}

void Moe::scale_experts(Routes& routes) const {
  for (int64_t row = 0; row < routes.rows(); ++row) {
    for (size_t i = 0; i < routes.experts(row).size(); ++i) {
      routes.weights(row)[i] *= expert_scale_[static_cast<size_t>(routes.experts(row)[i])];
    }
  }
}

void Moe::add_shared(const Compute& compute, CpuScratch& work, Rows& out) const {
  MoeScratch::Shared& rows = *work.moe->shared;
  const LinearOutput wide[] = {{&shared_->up, &rows.up}, {shared_->gate ? &*shared_->gate : nullptr, &rows.gate}};
  estoc::forward(compute, work.normed, std::span(wide).first(shared_->gate ? 2 : 1), work.decoded);
  const int64_t width = rows.up.columns();
  rows.activated.reset(work.normed.count(), width);
  rows.activated.fill(compute, shared_->down.reads(compute, work.normed.count()), [&](int64_t r, float* to) {
    activate_expert(compute, experts_.activation, shared_->gate ? rows.gate.row(r) : nullptr, rows.up.row(r), width,
                    to);
    if (shared_->weigher.empty()) return;
    // down is linear: its input may be weighed in place of its output.
    const float weight = sigmoid_of_product(compute, shared_->weigher, work.normed.row(r));
    for (int64_t i = 0; i < width; ++i) to[i] *= weight;
  });
  const LinearOutput down{&shared_->down, &out, true};
  estoc::forward(compute, rows.activated, {&down, 1}, work.decoded);
}

}  // namespace estoc
