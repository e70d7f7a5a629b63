// A mixture of experts as data: a router sends each row to a few of many small MLPs and weighs what they answer.
// A part of layers/layer_spec.h. Values.
#pragma once

#include <optional>
#include <string>

#include "ops/experts.h"
#include "ops/router.h"

namespace estoc {

// An MLP that every row goes to, of the experts' kind: `name`.gate_proj, up_proj and `down`.
struct SharedExpertSpec {
  std::string name;
  std::string down = "down_proj";
  std::string gate_up;  // where files have both in one, gate first; empty for two tensors
  int width = 0;
  std::string weigher;  // `weigher`.weight [1, hidden]: the result is multiplied by sigmoid(w . x); empty for no such
};

// Experts that read `in`.weight [width, hidden] times the rows, and whose sum `out`.weight [hidden, width] widens
// again.
struct LatentSpec {
  std::string in, out;
  int width = 0;
};

struct MoeSpec {
  std::string name;  // for messages
  RouterRule rule;
  std::string router;  // `router`.weight [experts, hidden], with a bias where the file has one
  // Instead of the rows that experts read, the router reads the residual stream, normed without weight, times a tensor
  // [hidden] of this name and `router_scale`; empty for none.
  std::string router_norm;
  float router_scale = 1, router_epsilon = 0;
  std::string expert_scale;  // a tensor [experts] that weights are multiplied by; empty for none
  std::string correction;    // a tensor of rule.experts values that only choose; empty for none

  // Weights of experts, under `experts`; layers/expert_weights.h says in which ways files keep them.
  std::string experts;
  std::string gate = "gate_proj", up = "up_proj", down = "down_proj";  // without `gate`: down(f(up x))
  std::string gate_up = "gate_up_proj";                                // where files have both in one
  bool is_interleaved = false;  // gate_up has a row of gate, then one of up; else all of gate first
  bool is_transposed = false;   // stacked tensors that are no blocks are [experts, columns, rows]
  int width = 0;
  ExpertActivation activation;
  std::optional<LatentSpec> latent;

  std::optional<SharedExpertSpec> shared;
};

}  // namespace estoc
