// The door to a loaded model: token ids and a paged KV cache in, logits out.
//
// What: a Model is a description and weights, both immutable; what a run changes lies in a scratch of its own, so that
// two batches, or a draft and a target, can share a model. A Batch is a flat list of rows (tokens) that belong to
// several sequences; there is no difference between prefill and decode.
// Ownership: the caller owns Model, scratch, StateStorage and the logits. The WeightSource must outlive the Model.
// Threads: forward may run on several threads at once, each with a scratch, a storage and a ThreadTeam for itself; one
// model's stacks share a team, so in practice on one (the engine thread).
// Errors: load_model throws Error{unsupported, corrupt_file}; forward throws nothing on CPUs, Error{io} where a device
// failed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "base/swap_copy.h"
#include "tensor/batch.h"
#include "tensor/compute_mode.h"
#include "tensor/logit_rows.h"
#include "tensor/run_limits.h"
#include "tensor/state_storage.h"

namespace estoc {

class PackedStore;
class Profile;
class Rows;
class ThreadTeam;
class WeightSource;

// What everybody may know of a loaded model.
struct ModelInfo {
  std::string family;        // "llama"
  std::string architecture;  // "LlamaForCausalLM"
  int layers = 0;
  int hidden = 0;
  int heads = 0, kv_heads = 0, head_dim = 0;
  int ffn = 0;
  int vocab = 0;        // rows of the output matrix; may exceed the tokenizer's count
  int context_max = 0;  // positions the model was trained for
  int64_t parameter_count = 0;
  uint64_t weight_bytes = 0;       // resident, as packed for the chosen compute mode
  StateLayout state;               // what its layers keep of the past
  std::vector<int> device_layers;  // whose states a device has, second mixers' among them; ascending
};

// Activations and whatever else a run needs beside weights, keys and values on devices included. Made by the model that
// uses it.
class ModelScratch {
 public:
  virtual ~ModelScratch() = default;

  // Copies a block where it is the scratch's own; StateStorage does for what is in main memory.
  virtual void copy_block(const BlockCopy&) {}
  // The same of the swap space (StackScratch in layers/decoder_stack.h).
  virtual void swap_out(std::span<const SwapCopy>) {}
  virtual void swap_in(std::span<const SwapCopy>) {}
  virtual void await_swap_in() {}

  // For looking inside: called with the hidden rows after the embedding (0 layers) and after each stack. May be empty.
  std::function<void(int layers, const Rows& hidden)> visit;
};

class Model {
 public:
  virtual ~Model() = default;
  virtual const ModelInfo& info() const = 0;
  // Throws Error{resource_exhausted}.
  virtual std::unique_ptr<ModelScratch> make_scratch(const RunLimits& limits) const = 0;
  // Computes batch.logit_rows.size() rows of info().vocab logits and writes this batch's keys and values into `kv`.
  virtual void forward(const Batch& batch, StateStorage& kv, ModelScratch& scratch, const LogitRows& logits) const = 0;
  // Begins that where a device computes all of it and the caller may do something else meanwhile: then finish() has to
  // follow before anything else with this scratch, and logits are there behind it. False: nothing was begun.
  virtual bool begin(const Batch&, StateStorage&, ModelScratch&, const LogitRows&) const { return false; }
  virtual void finish(ModelScratch&) const {}
  // Whether begin() may be called with a batch with chosen_rows while the batch of their tokens is computed: finish()
  // then finishes that one, and once more the batch itself.
  virtual bool can_follow(const Batch&, const ModelScratch&) const { return false; }
};

// Where layers are computed: those from the end of the place before up to `layer_end`.
struct StackPlace {
  int layer_end = 0;
  // "cpu"; "cpu:LEVEL" for one level of kernels, "cpu:scalar" for the reference; "cuda", "hip" or "emulator"
  // (gpu/accelerator.h)
  std::string device = "cpu";
};

struct ModelOptions {
  ComputeMode compute = ComputeMode::fast;
  Activations activations = Activations::automatic;
  WeightType weights = WeightType::as_stored;  // other types with `fast` only
  // Positions of the longest sequence, for models that turn by other angles where it is long; 0: what they were trained
  // for.
  int context = 0;
  bool is_deterministic = false;   // logits of a sequence do not depend on what else is in its batches
  std::vector<StackPlace> places;  // cover all layers, in order; empty: all on "cpu"
  Profile* profile = nullptr;      // told by forward where time goes; outlives the model
  // Where packed weights are kept between starts; may be null. Need not outlive the model.
  PackedStore* packed_store = nullptr;
  // Called from the loading thread with bytes done and bytes in all; may be empty.
  std::function<void(uint64_t done, uint64_t total)> progress;
};

// Picks the family by the config's architecture and packs the weights with `team`. Both must outlive the model.
std::unique_ptr<Model> load_model(const WeightSource& weights, ThreadTeam& team, const ModelOptions& options);

// What `automatic` means for a model of this size.
bool has_wide_activations(const ModelInfo& info, Activations activations);

// The same facts without loading weights (for `estoc show` and memory planning).
ModelInfo describe_model(const WeightSource& weights, ComputeMode compute, WeightType type = WeightType::as_stored);

// What the layers [first, end) take of a device's memory, with the embedding where they begin the model and the head
// where they end it. Throws Error{unsupported} with what devices do not compute yet.
uint64_t device_weight_bytes(const WeightSource& weights, int first, int end);

}  // namespace estoc
