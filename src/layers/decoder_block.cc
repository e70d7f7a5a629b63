#include "layers/decoder_block.h"

#include "ops/elementwise.h"

namespace estoc {

Workspace::Workspace(const DecoderShape& shape, int groups, int rows_max, int threads, int64_t columns_max)
    : hidden(rows_max, shape.hidden),
      normed(rows_max, shape.hidden),
      q(rows_max, int64_t{shape.heads} * shape.head_dim),
      k(rows_max, int64_t{shape.kv_heads} * shape.head_dim),
      v(rows_max, int64_t{shape.kv_heads} * shape.head_dim),
      gate(rows_max, shape.ffn),
      up(rows_max, shape.ffn),
      activated(rows_max, shape.ffn),
      decoded(threads, columns_max),
      plans(static_cast<size_t>(groups)) {}

Attention::Attention(LoadContext& load, const std::string& name, const DecoderShape& shape, int layer)
    : shape_(shape),
      layer_(layer),
      q_(load, name + ".q_proj", int64_t{shape.heads} * shape.head_dim, shape.hidden),
      k_(load, name + ".k_proj", int64_t{shape.kv_heads} * shape.head_dim, shape.hidden),
      v_(load, name + ".v_proj", int64_t{shape.kv_heads} * shape.head_dim, shape.hidden),
      o_(load, name + ".o_proj", shape.hidden, int64_t{shape.heads} * shape.head_dim) {
  if (shape.has_head_norms) {
    q_norm_ = load_vector(load, name + ".q_norm.weight", shape.head_dim);
    k_norm_ = load_vector(load, name + ".k_norm.weight", shape.head_dim);
  }
}

void Attention::forward(const Compute& compute, KvStorage& kv, Workspace& work, const SampledRows* only) const {
  const LinearOutput projections[] = {{&k_, &work.k}, {&v_, &work.v}, {&q_, &work.q}};
  estoc::forward(compute, work.normed, std::span(projections).first(only == nullptr ? 3 : 2), work.decoded);
  const int half = shape_.head_dim / 2;
  const HeadRows heads[] = {{&work.k, k_norm_}, {&work.q, q_norm_}};
  const auto turn = [&](std::span<const HeadRows> parts) {
    turn_heads(compute, parts, shape_.head_dim, shape_.norm_eps, work.cos.data(), work.sin.data(), half);
  };
  turn(std::span(heads).first(only == nullptr ? 2 : 1));
  AttentionPlan& plan = work.plans[static_cast<size_t>(shape_.group)];
  write_kv(compute, plan, kv, layer_, work.k, work.v);
  if (only != nullptr) {
    only->pick(work.hidden);
    only->pick(work.normed);
    only->pick(work.cos, half);
    only->pick(work.sin, half);
    plan.prepare(only->batch());
    estoc::forward(compute, work.normed, std::span(projections).last(1), work.decoded);
    turn(std::span(heads).last(1));
  }
  attention(compute, plan, kv, layer_,
            {.heads = shape_.heads, .scale = shape_.attention_scale, .window = shape_.window}, work.q, work.q);
  const LinearOutput output{&o_, &work.hidden, true};
  estoc::forward(compute, work.q, {&output, 1}, work.decoded);
}

RowForm Attention::reads(const Compute& compute, int64_t row_count) const {
  return form_of(compute, row_count, {&q_, &k_, &v_});
}

Mlp::Mlp(LoadContext& load, const std::string& name, const DecoderShape& shape)
    : gate_(load, name + ".gate_proj", shape.ffn, shape.hidden),
      up_(load, name + ".up_proj", shape.ffn, shape.hidden),
      down_(load, name + ".down_proj", shape.hidden, shape.ffn) {}

void Mlp::forward(const Compute& compute, Workspace& work) const {
  const LinearOutput wide[] = {{&gate_, &work.gate}, {&up_, &work.up}};
  estoc::forward(compute, work.normed, wide, work.decoded);
  silu_mul(compute, work.gate, work.up, work.activated, down_.reads(compute, work.gate.count()));
  const LinearOutput output{&down_, &work.hidden, true};
  estoc::forward(compute, work.activated, {&output, 1}, work.decoded);
}

RowForm Mlp::reads(const Compute& compute, int64_t row_count) const {
  return form_of(compute, row_count, {&gate_, &up_});
}

DecoderBlock::DecoderBlock(LoadContext& load, const std::string& name, const DecoderShape& shape, int layer)
    : norm_eps_(shape.norm_eps),
      input_norm_(load_vector(load, name + ".input_layernorm.weight", shape.hidden)),
      post_attention_norm_(load_vector(load, name + ".post_attention_layernorm.weight", shape.hidden)),
      attention_(load, name + ".self_attn", shape, layer),
      mlp_(load, name + ".mlp", shape) {}

void DecoderBlock::forward(const Compute& compute, KvStorage& kv, Workspace& work, const SampledRows* only) const {
  const int64_t rows = work.hidden.count();
  work.normed.reset(rows);
  // Rows can be picked from values only.
  const RowForm form = only == nullptr ? attention_.reads(compute, rows) : RowForm::values;
  rms_norm(compute, work.hidden, input_norm_, norm_eps_, work.normed, form);
  attention_.forward(compute, kv, work, only);
  work.normed.reset(work.hidden.count());
  rms_norm(compute, work.hidden, post_attention_norm_, norm_eps_, work.normed,
           mlp_.reads(compute, work.hidden.count()));
  mlp_.forward(compute, work);
}

}  // namespace estoc
