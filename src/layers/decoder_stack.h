// Consecutive layers of a decoder on one place: the seam between what a model is and what computes it.
//
// What: a family describes its layers as data (layers/layer_spec.h); a stack has the weights of layers [first, end) in
// the form its place wants and runs them over a batch. A model is a list of stacks, which hand hidden rows on.
// Another device is another implementation, with the kinds of layer it knows.
// Ownership: immutable after construction, shared by whoever runs the model; what a run changes lies in its scratch.
// Threads: forward by any thread that has the scratch and the stack's team to itself. Errors: forward throws nothing.
#pragma once

#include <memory>

#include "layers/sampled_rows.h"
#include "ops/rows.h"
#include "tensor/batch.h"
#include "tensor/state_storage.h"

namespace estoc {

// What a stack needs beside its weights while it runs: activations, divisions of work. Made by the stack that uses it.
class StackScratch {
 public:
  virtual ~StackScratch() = default;
};

class DecoderStack {
 public:
  virtual ~DecoderStack() = default;

  virtual int first_layer() const = 0;
  virtual int end_layer() const = 0;

  // For batches of up to `rows_max` rows. Throws Error{resource_exhausted}.
  virtual std::unique_ptr<StackScratch> make_scratch(int rows_max) const = 0;

  // hidden [rows][hidden] in and out, in f32; keys and values of every row go into `kv`. Of the model's last stack only
  // the rows of `wanted` come out, and of the others nothing but keys and values is computed; null for all rows.
  virtual void forward(const Batch& batch, StateStorage& kv, StackScratch& scratch, Rows& hidden,
                       const SampledRows* wanted) const = 0;
};

}  // namespace estoc
