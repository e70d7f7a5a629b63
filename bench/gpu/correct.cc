// Every kernel against its reference, with inputs no other run had.
#include <cstdio>

#include "gpu/trials/activate_checks.h"
#include "gpu/trials/conv_checks.h"
#include "gpu/trials/delta_checks.h"
#include "gpu/trials/expert_checks.h"
#include "gpu/trials/latent_checks.h"
#include "gpu/trials/prompt_checks.h"
#include "gpu/trials/sample_checks.h"
#include "gpu/trials/scan_checks.h"
#include "gpu/trials/ssd_checks.h"
#include "session.h"

namespace estoc::gpu {
namespace {

struct Tally {
  int good = 0, wrong = 0;
  double worst = 0;
  void add(const Check& check) {
    std::printf("%s: error %.2e (limit %.0e)\n", check.name.c_str(), check.error, check.limit);
    if (!check.is_good()) std::printf("! wrong: %s: error %.2e\n", check.name.c_str(), check.error);
    check.is_good() ? ++good : ++wrong;
  }
};

void check_linears(Session& s, Tally& tally) {
  for (int form = 0; form < kWeightForms; ++form) {
    for (const LinearEnd end : {LinearEnd::store, LinearEnd::residual, LinearEnd::gated}) {
      for (const int tiles : {1, 2}) {
        if (!linear_has_tiles(static_cast<WeightForm>(form), tiles)) continue;
        for (const int count : {1, 5, 8, 16}) {
          const int warps = 4 << tally.good % 3;
          LinearCase c{static_cast<WeightForm>(form),
                       end,
                       s.is_small ? 48 : 1008,
                       s.is_small ? 192 : 2048,
                       count,
                       tiles,
                       warps,
                       s.is_small ? 0 : 60};
          tally.add(check_linear(s.device, s.module, c, s.random));
        }
      }
    }
  }
}

void check_gemms(Session& s, Tally& tally) {
  for (int f = 0; f < kWeightForms; ++f) {
    const auto form = static_cast<WeightForm>(f);
    for (const GemmEndKind end : {GemmEndKind::store, GemmEndKind::residual, GemmEndKind::gated}) {
      for (const int tokens : {64, 128, 256}) {
        if (!gemm_has_kernel(form, tokens, s.device.capability)) continue;
        if (s.is_small && tokens > 64 && gemm_has_kernel(form, 64, s.device.capability)) continue;
        tally.add(check_gemm(s.device, s.module, {form, end, 128, 192, 70, tokens, 2, 3}, s.random));
        if (s.is_small) continue;
        tally.add(check_gemm(s.device, s.module, {form, end, 1024, 2048, 600, tokens, 1, 132, 200}, s.random));
        if (tokens == 256)
          tally.add(check_gemm(s.device, s.module, {form, end, 512, 1024, 450, 256, 3, 20, 200}, s.random));
        if (s.device.capability != 90) continue;
        for (const int cluster : {2, 4}) {
          GemmCase c{form, end, 1152, 2048, 600, tokens, 1, 132, 200};
          c.cluster = cluster;
          tally.add(check_gemm(s.device, s.module, c, s.random));
        }
      }
    }
  }
}

void check_decode_attention(Session& s, Tally& tally, KvForm form) {
  const int far = s.is_small ? 100 : 3000;
  for (const int head_dim : {64, 128, 256}) {
    for (const int splits : {1, 5, 16}) {
      for (const int window : {0, 90}) {
        const std::vector<int> positions = {0, 15, 16, far, far / 3};
        AttentionCase c{head_dim, 8, 2, positions, splits, false, form, window};
        tally.add(check_attention_decode(s.device, s.module, c, s.random));
        c = {head_dim, 8, 1, {far}, splits, true, form, window * 5};
        tally.add(check_attention_decode(s.device, s.module, c, s.random));
      }
    }
    tally.add(check_rope(s.device, s.module, {head_dim, 8, 2, {0, 15, 16, 90, 5}, 1, true, form}, s.random));
  }
}

void check_prompts(Session& s, Tally& tally) {
  for (const KvForm form : {KvForm::bf16, KvForm::int8}) {
    for (const int head_dim : {64, 128, 256}) {
      const auto check = [&](int heads, int kv_heads, int context, int tokens, int window, int sample) {
        const AttentionPromptCase c{head_dim, heads, kv_heads, context, tokens, window, sample, false, form};
        tally.add(check_attention_prompt(s.device, s.module, c, s.random));
      };
      check(8, 2, 300, 77, 0, 40);
      check(4, 4, 420, 20, 100, 40);
      if (s.is_small) continue;
      check(8, 2, 2500, 900, 0, 80);
      check(8, 2, 2500, 900, 512, 80);
    }
  }
  tally.add(check_token_norm(s.device, s.module, 70, s.is_small ? 192 : 4096, ColumnOrder::paired, s.random));
}

void check_experts(Session& s, Tally& tally) {
  for (int form = 0; form < kWeightForms; ++form) {
    for (const int rows : {1, 7, 16, 100}) {
      MixtureCase c{.form = static_cast<WeightForm>(form), .hidden = 256, .width = 128, .rows = rows};
      c.rule.experts = 16;
      c.rule.chosen = 3;
      c.is_prompt = rows > kRouteFewRows;
      c.has_biases = c.has_shared = rows % 2 == 1;
      c.limit = rows == 7 ? 2.0f : 0;
      c.sample = 30;
      tally.add(check_routes(s.device, s.module, c, s.random));
      tally.add(check_mixture(s.device, s.module, c, s.random));
    }
  }
  MixtureCase c{.rows = 900, .is_prompt = true, .has_correction = true};
  c.rule = {.score = RouteScore::sigmoid,
            .experts = 256,
            .chosen = 8,
            .groups = 8,
            .groups_kept = 4,
            .is_normalized = 1,
            .epsilon = 1e-20f,
            .scale = 2.5f};
  tally.add(check_routes(s.device, s.module, c, s.random));
}

void check_delta_nets(Session& s, Tally& tally) {
  tally.add(check_delta_net(s.device, s.module, {.states = {.rows = {1, 1, 1}, .further = {1, 1, 1}}}, s.random));
  tally.add(check_delta_net(s.device, s.module,
                            {.shape = {4, 8, 1, 128, 128, 4}, .states = {.rows = {70, 3}, .further = {5, 40}}},
                            s.random));
  tally.add(check_delta_net(
      s.device, s.module, {.shape = {2, 2, 0, 64, 64, 4}, .states = {.rows = {33}, .further = {2}, .has_tiles = true}},
      s.random));
}

void check_states(Session& s, Tally& tally) {
  const StateCase some{.rows = {33, 1, 2}, .further = {1, 9, 70}}, one_each{.rows = {1, 1, 1}, .further = {1, 1, 1}};
  const StateCase in_tiles{.rows = {70}, .further = {3}, .has_tiles = true};
  for (const StateCase& states : {some, one_each, in_tiles}) {
    tally.add(check_short_conv(s.device, s.module, {.columns = 320, .has_bias = true, .states = states}, s.random));
    tally.add(check_ssd(s.device, s.module, {.shape = {4, 64, 2, 128, 4}, .states = states}, s.random));
    tally.add(check_ssd(s.device, s.module, {.shape = {2, 96, 1, 256, 4}, .is_gate_first = false, .states = states},
                        s.random));
    tally.add(check_selective_scan(s.device, s.module, {.shape = {320, 16, 64, 4}, .has_norms = true, .states = states},
                                   s.random));
  }
}

void check_activations(Session& s, Tally& tally) {
  tally.add(check_activate(s.device, s.module, {.rows = 16, .columns = s.is_small ? 640 : 21504}, s.random));
  tally.add(check_activate(s.device, s.module,
                           {.rows = 70, .columns = 640, .is_squared = false, .is_gelu = true, .has_tiles = true},
                           s.random));
}

void check_latents(Session& s, Tally& tally) {
  tally.add(check_latent_attention(s.device, s.module, {.lengths = {300, 1, 64}, .splits = 3}, s.random));
  tally.add(check_latent_attention(s.device, s.module, {.lengths = {70, 9}, .is_prompt = true}, s.random));
  const LatentShape wide{
      .heads = 20, .query_rank = 768, .latent_dim = 512, .turned_dim = 64, .key_dim = 192, .value_dim = 256};
  tally.add(check_latent_attention(
      s.device, s.module,
      {.shape = wide, .lengths = {s.is_small ? 70 : 500}, .splits = 2, .is_interleaved = true, .growth = 0.1f},
      s.random));
}

}  // namespace

bool run_correct(Session& s) {
  Tally tally;
  tally.add(check_rms_norm(s.device, s.module, 7, s.is_small ? 200 : 4096, s.random));
  check_linears(s, tally);
  for (const KvForm form : {KvForm::bf16, KvForm::int8}) check_decode_attention(s, tally, form);
  for (int form = 0; form < kWeightForms; ++form) {
    tally.add(check_embed(s.device, s.module, {static_cast<WeightForm>(form), 1024, 5}, s.random));
  }
  tally.add(check_select_rows(s.device, s.module, 70, s.is_small ? 192 : 4096, true, s.random));
  tally.add(check_add_part(s.device, s.module, 70, s.is_small ? 192 : 4096, true, true, s.random));
  tally.add(check_chosen_tokens(s.device, s.module, 256, 200, s.random));
  tally.add(check_cap_logits(s.device, s.module, 3, s.is_small ? 3000 : 151936, 30, s.random));
  tally.add(check_argmax(s.device, s.module, 5, s.is_small ? 3000 : 151936, 64, s.random));
  tally.add(check_sample(s.device, s.module, s.is_small ? 3000 : 1000, 4, s.random));
  if (!s.is_small) tally.add(check_sample(s.device, s.module, 151936, 10, s.random));
  for (const std::string& format : repack_formats()) {
    tally.add(check_repack(s.device, s.module, format, 333, s.is_small ? 256 : 2048, s.random));
  }
  check_gemms(s, tally);
  check_prompts(s, tally);
  check_experts(s, tally);
  check_delta_nets(s, tally);
  check_states(s, tally);
  check_latents(s, tally);
  check_activations(s, tally);
  std::printf("= correct: %d of %d checks good\n", tally.good, tally.good + tally.wrong);
  return tally.wrong == 0;
}

}  // namespace estoc::gpu
