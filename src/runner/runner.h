// Executes steps: the line between who plans them (engine/) and what computes them.
//
// What: the engine decides which tokens of which sequences a step has and which blocks they use; a runner has the
// model, the memory behind the blocks, the logits and what is read from them. A step is submitted and waited for, so
// that the engine can plan, admit and fill masks while a device computes; where the CPU computes, wait() does, on the
// caller's thread and the team, and nothing is handed over. Ownership: the caller owns runner and input; a submitted
// input must live and stay as it is until it was waited for. Threads: one thread at a time (the engine's). Errors: open
// throws Error{resource_exhausted}; wait throws what the model threw, after which the next step may be submitted.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/swap_copy.h"
#include "models/model.h"
#include "sampling/logprobs.h"
#include "sampling/sampler.h"
#include "tensor/batch.h"

namespace estoc {

// What is wanted of one row of logits, and what came out.
struct RowJob {
  // With a state, a token is chosen.
  const SamplerState* state = nullptr;
  const MaskSource* mask = nullptr;  // what may be chosen; null for all
  std::span<const TokenId> ahead;    // guesses between the sequence's tokens and this row's: as if they had been chosen
  // The token chosen, nothing when none can be; or, without a state, the token whose log-probability is wanted.
  std::optional<TokenId> token;
  int top_logprobs = -1;  // -1 for no log-probabilities
  Logprobs logprobs;
  double mask_s = 0;  // what filling the mask took
};

// One step. Batch and copies are plain data that could go to another process; the rows stay with whoever has the
// logits.
struct StepInput {
  std::span<const BlockCopy> copies;  // made before anything is computed, in this order
  Batch batch;
  std::span<RowJob> rows;                    // one for each of batch.logit_rows, in their order
  std::span<const SwapCopy> swap_outs = {};  // made before everything else
  std::span<const SwapCopy> swap_ins = {};   // begun behind the copies; there for the next step
  bool are_swap_ins_awaited = false;         // or for this one already
};

class Runner {
 public:
  virtual ~Runner() = default;

  // Of the model that it runs.
  virtual const ModelInfo& info() const = 0;
  // Reserves memory for keys and values, activations and logits. Once, before the first step.
  virtual void open(const RunLimits& limits) = 0;

  // One step may be on its way, and where can_follow says so one more.
  virtual void submit(const StepInput& input) = 0;
  // Whether a device computes the submitted step meanwhile: what the caller does before wait() then costs no time.
  virtual bool is_computing() const = 0;
  // Whether a step whose batch has chosen_rows may be submitted before the one on its way is waited for: each of these
  // rows of that step must be one that is chosen without being looked at (RowReaders::draw_of).
  virtual bool can_follow(const Batch&) const { return false; }
  // Returns when the older submitted step is computed and its rows are filled in.
  virtual void wait() = 0;

  // Blocks of the group below `reach` have been in use: their neighbours' memory may be made ready. Cheap; a hint.
  virtual void keep_ahead(int group, int reach) = 0;
  // Whether no step is computed or waited for. Idle until told otherwise; a hint.
  virtual void set_idle(bool is_idle) = 0;
};

}  // namespace estoc
