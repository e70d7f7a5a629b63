// What runs of a stack on a device change, and the runs themselves.
//
// What: a batch of one row a sequence is a decode step: its launches are recorded once for each number of rows and
// reach of positions, and launched as one graph; more than kGpuDecodeRows rows take the products of prompts. Other
// batches are prompts; where the device has no kernels for them, or for these forms of weights, they are decode steps
// one after the other. Where bits must not depend on the batch, all batches are prompts: how the projections of few
// rows and their attention add up depends on how many there are. Ownership: owns buffers and graphs; borrows device and
// weights. Threads: one at a time. Errors: the constructor throws Error{resource_exhausted, unsupported}; forward
// throws Error{io, device_lost} when the device failed.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "gpu_layers/gpu_buffers.h"
#include "gpu_layers/gpu_launches.h"
#include "gpu_layers/gpu_swap_space.h"
#include "layers/decoder_stack.h"

namespace estoc {

class GpuRun final : public StackScratch {
 public:
  // `groups` of the model's state are those of the plan's states; no sequence is longer than `context_max`.
  // `is_invariant`: a row's bits do not depend on the batch.
  GpuRun(const gpu::Accelerator& device, const GpuWeights& weights, const std::vector<RopeSpec>& ropes,
         const RunLimits& limits, const std::vector<int>& groups, int context_max, bool is_invariant);

  void copy_block(const BlockCopy& copy) override;
  void swap_out(std::span<const SwapCopy> copies) override { swap_space_.swap_out(copies); }
  void swap_in(std::span<const SwapCopy> copies) override { swap_space_.swap_in(copies); }
  void await_swap_in() override { swap_space_.await_swap_in(); }
  // As DecoderStack::forward, and finish: where the stack has the head, the device may still compute behind forward.
  void forward(const Batch& batch, Rows& hidden, const LogitRows& logits);
  void finish();
  // As DecoderStack: decode steps of one launch, behind a batch of one launch.
  bool can_follow(const Batch& batch) const;

 private:
  // A row of a batch on its own.
  struct Row {
    int index = 0;  // in the batch
    int position = 0;
    const BatchSequence* sequence = nullptr;
    int logit = -1;  // its place among the logit rows, if it is one
  };

  // Logits and tokens on their way to the host: row i on the device is logit row `places[i]` of the batch, or nobody's
  // below 0.
  struct Answer {
    Answer(const gpu::Device& device, size_t rows) : chosen(device, rows * sizeof(gpu::u32)), done(device) {}
    std::optional<LogitRows> logits;  // while it is on its way
    std::vector<int> places;
    gpu::HostBuffer chosen;
    gpu::Event done;
  };

  std::vector<Row> rows_of(const Batch& batch) const;
  bool is_one_launch(size_t rows, size_t logit_rows) const;
  std::vector<int> picks_of(const Batch& batch) const;
  void decode_in_turn(const Batch& batch, std::span<const Row> rows, Rows& hidden, const LogitRows& logits);
  void decode(const Batch& batch, std::span<const Row> rows, Rows& hidden, const LogitRows& logits);
  void prompt(const Batch& batch, std::span<const Row> rows, Rows& hidden, const LogitRows& logits);
  size_t decode_input_bytes(const DecodeShape& shape) const;
  const gpu::Graph& graph_of(const DecodeShape& shape, const DecodeInputs& inputs);
  void reach(int positions);
  void send_hidden(std::span<const Row> rows, const Rows& hidden);
  // Waits for the device; row i on it is `rows[i]`.
  void receive_hidden(std::span<const Row> rows, Rows& hidden);
  // The same of logits, but only begun.
  void begin_logits(const LogitRows& logits, std::vector<int> places);

  const gpu::Accelerator& device_;
  const GpuWeights& weights_;
  const bool has_prompts_, is_invariant_;
  const int narrow_rows_;
  GpuBuffers buffers_;
  GpuSwapSpace swap_space_;
  std::unique_ptr<GpuInputs> decode_inputs_;  // grows, and then graphs are recorded anew: they know its address
  std::unique_ptr<GpuInputs> prompt_inputs_;  // grows
  std::map<DecodeShape, std::unique_ptr<gpu::Graph>> graphs_;
  std::vector<Row> slice_;
  std::array<Answer, 2> answers_;
  size_t next_answer_ = 0;
  bool is_in_slices_ = false;  // the last batch was several launches
};

}  // namespace estoc
