// Consecutive layers of a decoder on one place: the seam between what a model is and what computes it.
//
// What: a family describes its layers as data (layers/layer_spec.h); a stack has the weights of layers [first, end) in
// the form its place wants and runs them over a batch. A model is a list of stacks, which hand hidden rows on.
// Another device is another implementation, with the kinds of layer it knows.
// Ownership: immutable after construction, shared by whoever runs the model; what a run changes lies in its scratch.
// Threads: forward by any thread that has the scratch and the stack's team to itself. Errors: forward throws nothing on
// CPUs, and Error{io, resource_exhausted} where a device failed.
#pragma once

#include <memory>
#include <span>

#include "base/ids.h"
#include "base/swap_copy.h"
#include "layers/sampled_rows.h"
#include "ops/rows.h"
#include "tensor/batch.h"
#include "tensor/logit_rows.h"
#include "tensor/run_limits.h"
#include "tensor/state_storage.h"

namespace estoc {

// What a stack needs beside its weights while it runs: activations, divisions of work, and keys and values where these
// are not in main memory. Made by the stack that uses it.
class StackScratch {
 public:
  virtual ~StackScratch() = default;
  // Copies a block that is the scratch's own, before the next forward.
  virtual void copy_block(const BlockCopy&) {}
  // Copies such blocks to slots of the swap space, before what is called next.
  virtual void swap_out(std::span<const SwapCopy>) {}
  // Begins to copy slots to blocks, behind what was called before; they are there behind await_swap_in.
  virtual void swap_in(std::span<const SwapCopy>) {}
  virtual void await_swap_in() {}
};

class DecoderStack {
 public:
  virtual ~DecoderStack() = default;

  virtual int first_layer() const = 0;
  virtual int end_layer() const = 0;
  // Whether it begins with tokens instead of hidden rows, and whether it ends with logits: where a device has the whole
  // of a model's end, nothing but tokens leaves it.
  virtual bool has_embedding() const { return false; }
  virtual bool has_head() const { return false; }
  // Whether keys and values of its layers are in `kv`, or else in its scratch.
  virtual bool is_in_main_memory() const { return true; }

  // Throws Error{resource_exhausted, unsupported}.
  virtual std::unique_ptr<StackScratch> make_scratch(const RunLimits& limits) const = 0;

  // hidden [rows][hidden] in and out, in f32; keys and values of every row go into `kv`. Of the model's last stack only
  // the rows of `wanted` come out, and of the others nothing but keys and values is computed; null for all rows. One
  // with a head leaves `logits` of the batch's logit rows instead, which others do not read.
  virtual void forward(const Batch& batch, StateStorage& kv, StackScratch& scratch, Rows& hidden,
                       const SampledRows* wanted, const LogitRows& logits) const = 0;
  // One with a head may leave its device computing: logits are there behind this.
  virtual void finish(StackScratch&) const {}
  // Whether forward may be called with a batch with chosen_rows before finish of the one before. finish finishes the
  // older one.
  virtual bool can_follow(const Batch&, const StackScratch&) const { return false; }
};

}  // namespace estoc
