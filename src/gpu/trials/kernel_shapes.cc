#include "gpu/trials/kernel_shapes.h"

#include <algorithm>
#include <span>

#include "gpu/source/attention_decode.h"
#include "gpu/source/gemm.h"
#include "gpu/source/linear.h"
#include "gpu/trials/conv_checks.h"
#include "gpu/trials/delta_checks.h"
#include "gpu/trials/expert_checks.h"
#include "gpu/trials/latent_checks.h"
#include "gpu/trials/prompt_checks.h"
#include "gpu/trials/sample_checks.h"
#include "gpu/trials/scan_checks.h"
#include "gpu/trials/ssd_checks.h"

namespace estoc::gpu {
namespace {

struct ModelShape {
  const char* name;
  int hidden, heads, kv_heads, head_dim, width, vocabulary;
  bool has_head_norms;
};
constexpr ModelShape kModels[] = {{"8B", 4096, 32, 8, 128, 14336, 128256, false},
                                  {"0.6B", 1024, 16, 8, 128, 3072, 151936, true}};
constexpr ModelShape kSmallModels[] = {{"tiny", 128, 4, 2, 64, 128, 700, true}};

// A mixture of experts, and the form that files of it have.
struct MixtureShape {
  const char* name;
  WeightForm form;
  RouteScore score;
  int experts, chosen, hidden, width;
  bool is_clamped;
};
constexpr MixtureShape kMixtures[] = {
    {"gpt-oss-20b", WeightForm::codes8, RouteScore::softmax_of_chosen, 32, 4, 2880, 2880, true},
    {"qwen3-30b-a3b", WeightForm::codes4, RouteScore::softmax, 128, 8, 2048, 768, false}};
constexpr MixtureShape kSmallMixtures[] = {{"tiny", WeightForm::codes4, RouteScore::softmax, 6, 2, 128, 64, true}};

// A matrix of a layer, and what becomes of its product.
struct MatrixShape {
  const char* name;
  LinearEnd end;
  int rows, columns;
};
std::vector<MatrixShape> matrices_of(const ModelShape& m) {
  return {{"qkv", LinearEnd::store, (m.heads + 2 * m.kv_heads) * m.head_dim, m.hidden},
          {"output", LinearEnd::residual, m.hidden, m.heads * m.head_dim},
          {"gate/up", LinearEnd::gated, 2 * m.width, m.hidden},
          {"down", LinearEnd::residual, m.hidden, m.width}};
}
MatrixShape head_of(const ModelShape& m) { return {"head", LinearEnd::store, m.vocabulary, m.hidden}; }

constexpr const char* kEnds[] = {"store", "residual", "gated"};

class ShapeList {
 public:
  ShapeList(const Device& device, const Module& module, bool is_small)
      : device_(device), module_(module), is_small_(is_small) {}
  std::vector<KernelShape> make();

 private:
  // Copies of what is read in turn, so many that none is in a cache when its turn comes.
  int copies_of(double bytes) const;
  // What a check compares of many outputs.
  int sample() const { return is_small_ ? 0 : 40; }
  void add(std::string kernel, std::string what, std::function<Trial(Random&)> make) {
    shapes_.push_back({std::move(kernel), std::move(what), std::move(make)});
  }
  void add_rows(const ModelShape& m);
  void add_linear(const ModelShape& m, WeightForm form, const MatrixShape& matrix, int count);
  void add_gemm(const ModelShape& m, WeightForm form, const MatrixShape& matrix, int count);
  void add_decode(const ModelShape& m, int context, int rows, KvForm form, int window);
  void add_prompt(const ModelShape& m, int tokens, KvForm form, int window);
  void add_rope(const ModelShape& m, int rows, KvForm form);
  void add_sampling(const ModelShape& m, int rows, const char* name, const SamplingParams& params);
  void add_attention(const ModelShape& m);
  void add_mixture(const MixtureShape& m);
  void add_states();
  void add_latent_attention();
  void add_repack();

  const Device& device_;
  const Module& module_;
  const bool is_small_;
  std::vector<KernelShape> shapes_;
};

int ShapeList::copies_of(double bytes) const {
  constexpr double kEnough = 400e6;  // several times the L2 of any card
  return is_small_ ? 2 : std::clamp(static_cast<int>(kEnough / bytes), 1, 400);
}

void ShapeList::add_linear(const ModelShape& m, WeightForm form, const MatrixShape& matrix, int count) {
  const LinearPlan plan = linear_plan(form, matrix.rows, matrix.columns, linear_threads_of(device_.is_amd()));
  const LinearCase c{.form = form,
                     .end = matrix.end,
                     .rows = matrix.rows,
                     .columns = matrix.columns,
                     .count = count,
                     .tiles = plan.tiles,
                     .warps = plan.warps,
                     .sample = sample(),
                     .has_ahead = false};
  const int copies = copies_of(static_cast<double>(matrix_bytes(form, matrix.rows, matrix.columns)));
  add(std::string("linear_") + form_name(form) + "_" + kEnds[static_cast<int>(matrix.end)],
      std::string(m.name) + " " + matrix.name + " x " + std::to_string(count),
      [&device = device_, &module = module_, c, copies](Random& random) {
        return linear_trial(device, module, c, random, copies);
      });
}

void ShapeList::add_gemm(const ModelShape& m, WeightForm form, const MatrixShape& matrix, int count) {
  const GemmPlan plan =
      gemm_plan(form, matrix.rows, matrix.columns, count, device_.capability, device_.multiprocessors);
  const int items = gemm_items(matrix.rows, count, plan.tokens, plan.splits, plan.cluster);
  const GemmCase c{.form = form,
                   .end = static_cast<GemmEndKind>(matrix.end),
                   .rows = matrix.rows,
                   .columns = matrix.columns,
                   .count = count,
                   .tokens = plan.tokens,
                   .splits = plan.splits,
                   .blocks = gemm_blocks(items, plan.cluster, device_.multiprocessors),
                   .sample = is_small_ ? 60 : 200,
                   .cluster = plan.cluster};
  const int copies = copies_of(static_cast<double>(matrix_bytes(form, matrix.rows, matrix.columns)));
  add(std::string("gemm_") + form_name(form) + "_" + kEnds[static_cast<int>(matrix.end)],
      std::string(m.name) + " " + matrix.name + " x " + std::to_string(count),
      [&device = device_, &module = module_, c, copies](Random& random) {
        return gemm_trial(device, module, c, random, copies);
      });
}

void ShapeList::add_decode(const ModelShape& m, int context, int rows, KvForm form, int window) {
  const int splits =
      attention_splits(attention_reach(context, window), rows, m.kv_heads, device_.multiprocessors, m.head_dim);
  const AttentionCase c{.head_dim = m.head_dim,
                        .heads = m.heads,
                        .kv_heads = m.kv_heads,
                        .positions = std::vector<int>(static_cast<size_t>(rows), context - 1),
                        .splits = splits,
                        .has_head_norm = m.has_head_norms,
                        .form = form,
                        .window = window,
                        .sample = sample(),
                        .has_ahead = false};
  const double bytes = 2.0 * rows * context * m.kv_heads * kv_tile_bytes(form, m.head_dim) / kKvPositions;
  add("attention_decode_d" + std::to_string(m.head_dim) + attention_decode_suffix(form, window > 0),
      std::string(m.name) + " " + (window > 0 ? std::to_string(window) + " of " : "") + std::to_string(context) +
          " x " + std::to_string(rows),
      [&device = device_, &module = module_, c, copies = copies_of(bytes)](Random& random) {
        return attention_decode_trial(device, module, c, random, copies);
      });
}

void ShapeList::add_prompt(const ModelShape& m, int tokens, KvForm form, int window) {
  const AttentionPromptCase c{.head_dim = m.head_dim,
                              .heads = m.heads,
                              .kv_heads = m.kv_heads,
                              .context = tokens,
                              .tokens = tokens,
                              .window = window,
                              .sample = sample(),
                              .form = form};
  add("attention_prompt_" + std::to_string(m.head_dim),
      std::string(m.name) + (form == KvForm::int8 ? " int8 " : " ") +
          (window > 0 ? std::to_string(window) + " of " : "") + std::to_string(tokens),
      [&device = device_, &module = module_, c](Random& random) {
        return attention_prompt_trial(device, module, c, random);
      });
}

// Each row in a block of its own: what a row costs does not depend on where its position is.
void ShapeList::add_rope(const ModelShape& m, int rows, KvForm form) {
  AttentionCase c{.head_dim = m.head_dim,
                  .heads = m.heads,
                  .kv_heads = m.kv_heads,
                  .positions = {},
                  .has_head_norm = m.has_head_norms,
                  .form = form};
  for (int row = 0; row < rows; ++row) c.positions.push_back(row % kKvPositions);
  add("rope_kv_d" + std::to_string(m.head_dim),
      std::string(m.name) + (form == KvForm::int8 ? " int8" : "") + " x " + std::to_string(rows),
      [&device = device_, &module = module_, c](Random& random) { return rope_trial(device, module, c, random); });
}

void ShapeList::add_sampling(const ModelShape& m, int rows, const char* name, const SamplingParams& params) {
  const SampleCase c{m.vocabulary, std::vector(static_cast<size_t>(rows), LogitSpread::text),
                     std::vector(static_cast<size_t>(rows), params)};
  add("sample", std::string(m.name) + " " + name + " x " + std::to_string(rows),
      [&device = device_, &module = module_, c](Random& random) { return sample_trial(device, module, c, random); });
}

void ShapeList::add_rows(const ModelShape& m) {
  const int many = is_small_ ? 5 : 2048;
  for (const int rows : {1, many}) {
    for (int form = 0; form < kWeightForms; ++form) {
      const EmbedCase c{static_cast<WeightForm>(form), m.hidden, rows, is_small_ ? 50 : 4096};
      add(std::string("embed_") + form_name(c.form), std::string(m.name) + " x " + std::to_string(rows),
          [&device = device_, &module = module_, c](Random& random) { return embed_trial(device, module, c, random); });
    }
  }
  add("select_rows", std::string(m.name) + " x 16", [&device = device_, &module = module_, m](Random& random) {
    return select_rows_trial(device, module, 16, m.hidden, true, random);
  });
  for (const int rows : {1, many}) {
    add("add_part", std::string(m.name) + " x " + std::to_string(rows),
        [&device = device_, &module = module_, m, rows](Random& random) {
          return add_part_trial(device, module, rows, m.hidden, true, rows == 1, random);
        });
  }
  add("cap_logits", std::string(m.name) + " x 8", [&device = device_, &module = module_, m](Random& random) {
    return cap_logits_trial(device, module, 8, m.vocabulary, 30, random);
  });
  for (const ColumnOrder order : {ColumnOrder::plain, ColumnOrder::paired}) {
    add("rms_norm_tiles",
        std::string(m.name) + (order == ColumnOrder::plain ? " plain x " : " paired x ") + std::to_string(many),
        [&device = device_, &module = module_, m, many, order](Random& random) {
          return token_norm_trial(device, module, many, m.hidden, order, random);
        });
  }
  for (const KvForm form : {KvForm::bf16, KvForm::int8}) add_rope(m, many, form);
  for (const int rows : is_small_ ? std::vector{2} : std::vector{1, 8, 64}) {
    add_sampling(m, rows, "greedy", {.temperature = 0});
    add_sampling(m, rows, "top_p 0.9", {.temperature = 0.7f, .top_p = 0.9f});
    add_sampling(m, rows, "top_k 50", {.temperature = 0.7f, .top_k = 50});
  }
}

void ShapeList::add_attention(const ModelShape& m) {
  const int near = is_small_ ? 40 : 1024, far = is_small_ ? 200 : 8192;
  ModelShape narrow = m;  // the same with heads of 64
  narrow.head_dim = 64;
  ModelShape wide = m;
  wide.head_dim = 256;
  for (const KvForm form : {KvForm::bf16, KvForm::int8}) {
    for (const int rows : {1, is_small_ ? 2 : 8}) {
      for (const int context : {near, far}) add_decode(m, context, rows, form, 0);
      add_decode(m, far, rows, form, near);
      add_decode(narrow, near, rows, form, 0);
    }
    for (const int tokens : is_small_ ? std::vector{40} : std::vector{512, 2048, 8192}) add_prompt(m, tokens, form, 0);
    add_prompt(m, far, form, near);
    add_prompt(narrow, is_small_ ? 40 : 2048, form, 0);
  }
  add_decode(wide, near, 1, KvForm::bf16, 0);
  add_decode(wide, far, is_small_ ? 2 : 8, KvForm::bf16, near);
  add_prompt(wide, is_small_ ? 40 : 2048, KvForm::bf16, 0);
}

void ShapeList::add_mixture(const MixtureShape& m) {
  for (const int rows : is_small_ ? std::vector{1, 20} : std::vector{1, 8, 16, 512, 2048}) {
    MixtureCase c{.form = m.form, .hidden = m.hidden, .width = m.width, .rows = rows};
    c.rule.score = m.score;
    c.rule.experts = m.experts;
    c.rule.chosen = m.chosen;
    c.is_prompt = rows > kRouteFewRows;
    c.has_biases = m.is_clamped;
    c.limit = m.is_clamped ? 7.0f : 0;
    c.sample = is_small_ ? 40 : 3;
    add(c.is_prompt ? "experts of prompts" : "experts", std::string(m.name) + " x " + std::to_string(rows),
        [&device = device_, &module = module_, c](Random& random) { return mixture_trial(device, module, c, random); });
  }
}

// Of Qwen3.5 0.8B, LFM2 1.2B, Granite 4 H Tiny and Falcon-Mamba 7B, or tiny ones.
void ShapeList::add_states() {
  const auto add_rows = [&](const char* what, const std::vector<int>& rows) {
    const StateCase states{.rows = rows, .further = rows};
    DeltaCase delta{.states = states};
    ShortConvCase conv{.states = states};
    SsdCase ssd{.states = states};
    ScanCase scan{.states = states};
    if (!is_small_) {
      delta.shape = {16, 16, 0, 128, 128, 4};
      conv.columns = 2048;
      ssd.shape = {48, 64, 1, 128, 4};
      scan.shape = {8192, 16, 256, 4};
      scan.has_norms = true;
    }
    add("delta_net", what, [&device = device_, &module = module_, delta](Random& random) {
      return delta_net_trial(device, module, delta, random);
    });
    add("short_conv", what, [&device = device_, &module = module_, conv](Random& random) {
      return short_conv_trial(device, module, conv, random);
    });
    add("mamba2", what,
        [&device = device_, &module = module_, ssd](Random& random) { return ssd_trial(device, module, ssd, random); });
    add("mamba", what, [&device = device_, &module = module_, scan](Random& random) {
      return selective_scan_trial(device, module, scan, random);
    });
  };
  add_rows("x 1", {1});
  add_rows("x 8", std::vector<int>(8, 1));
  add_rows("of a prompt", {is_small_ ? 9 : 512});
}

// Of DeepSeek V2 Lite, or a tiny one.
void ShapeList::add_latent_attention() {
  const auto add_case = [&](const std::string& what, const std::vector<int>& lengths, bool is_prompt) {
    LatentCase c{.lengths = lengths, .is_prompt = is_prompt};
    if (!is_small_) {
      c.shape = {.heads = 16, .query_rank = 0, .latent_dim = 512, .turned_dim = 64, .key_dim = 128, .value_dim = 128};
    }
    if (!is_prompt) {
      c.splits = latent_splits(c.shape, lengths.front(), static_cast<int>(lengths.size()), device_.multiprocessors);
    }
    add("latent_attention", what, [&device = device_, &module = module_, c](Random& random) {
      return latent_attention_trial(device, module, c, random);
    });
  };
  const int context = is_small_ ? 70 : 1024;
  add_case(std::to_string(context) + " x 1", {context}, false);
  add_case(std::to_string(context) + " x 8", std::vector<int>(8, context), false);
  add_case("a prompt of " + std::to_string(context / 4), {context / 4}, true);
}

void ShapeList::add_repack() {
  const int rows = is_small_ ? 32 : 4096, columns = is_small_ ? 256 : 4096;
  for (const std::string& format : repack_formats()) {
    add("repack_" + format, std::to_string(rows) + " x " + std::to_string(columns),
        [&device = device_, &module = module_, format, rows, columns](Random& random) {
          return repack_trial(device, module, format, rows, columns, random);
        });
  }
}

std::vector<KernelShape> ShapeList::make() {
  const auto models = is_small_ ? std::span<const ModelShape>(kSmallModels) : std::span<const ModelShape>(kModels);
  for (const ModelShape& m : models) {
    for (int f = 0; f < kWeightForms; ++f) {
      const auto form = static_cast<WeightForm>(f);
      for (const MatrixShape& matrix : matrices_of(m)) {
        for (const int count : {1, 8, 16}) add_linear(m, form, matrix, count);
        for (const int count : is_small_ ? std::vector{40} : std::vector{128, 512, 2048}) {
          add_gemm(m, form, matrix, count);
        }
      }
      for (const int count : {1, 16}) add_linear(m, form, head_of(m), count);
    }
    add_attention(m);
    add_rows(m);
  }
  for (const MixtureShape& m : is_small_ ? std::span<const MixtureShape>(kSmallMixtures) : kMixtures) add_mixture(m);
  add_states();
  add_latent_attention();
  add_repack();
  return std::move(shapes_);
}

}  // namespace

std::vector<KernelShape> kernel_shapes(const Device& device, const Module& module, bool is_small) {
  return ShapeList(device, module, is_small).make();
}

}  // namespace estoc::gpu
