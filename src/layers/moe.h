// A mixture of experts on the CPU. Immutable; throws Error{corrupt_file} where a tensor is missing or of another shape.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "layers/linear.h"
#include "layers/moe_spec.h"
#include "layers/part_output.h"
#include "ops/experts.h"
#include "ops/router.h"

namespace estoc {

struct CpuScratch;

// What mixtures compute in; all layers' use it in turn.
struct MoeScratch {
  // For the widest of `specs`, of which there is at least one.
  MoeScratch(std::span<const MoeSpec* const> specs, int hidden, int rows_max, int threads);

  Rows logits;                 // of the router
  std::optional<Rows> routed;  // what it reads, where it has a norm of its own
  Routes routes;
  ExpertScratch experts;
  struct Shared {
    Rows gate, up, activated;
  };
  std::optional<Shared> shared;
  struct Latent {
    Rows in, out;
  };
  std::optional<Latent> latent;  // what experts read and sum to, where that is narrower
};

class Moe {
 public:
  Moe(LoadContext& load, const MoeSpec& spec, int hidden);
  // out (+)= mixture(work.normed). `stream`: the residual stream, where the router reads that.
  void forward(const Compute& compute, CpuScratch& work, const PartOutput& out, const Rows* stream = nullptr) const;
  // The router reads f32.
  RowForm reads(const Compute&, int64_t) const { return RowForm::values; }

 private:
  struct Shared {
    Shared(LoadContext& load, const SharedExpertSpec& spec, bool has_gate, int hidden);
    std::optional<Linear> gate;
    Linear up, down;
    std::vector<float> weigher;  // [hidden] or empty
  };
  struct Latent {
    Latent(LoadContext& load, const LatentSpec& spec, int hidden);
    Linear in, out;
  };
  void add_experts(const Compute& compute, CpuScratch& work, const PartOutput& out) const;
  void scale_experts(Routes& routes) const;
  void add_shared(const Compute& compute, CpuScratch& work, Rows& out) const;

  RouterRule rule_;
  Linear router_;
  std::vector<float> router_norm_;  // [hidden] or empty
  float router_epsilon_;
  std::vector<float> correction_, expert_scale_;
  std::optional<Latent> latent_;
  ExpertWeights experts_;
  std::optional<Shared> shared_;
};

}  // namespace estoc
