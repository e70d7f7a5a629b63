// The door to a loaded encoder: whole texts in, one vector or one list of scores a text out.
//
// What: an Encoder is a description and weights, both immutable; what a run changes lies in a scratch of its own. A
// batch is texts of different lengths side by side, without padding; what comes out for a text does not depend on its
// neighbours beyond rounding, and not at all where the compute mode is deterministic.
// Ownership: the caller owns encoder, scratch and results. The WeightSource must outlive the encoder.
// Threads: as a Model's: encode may run on several threads at once, each with a scratch and a team for itself.
// Errors: load_encoder throws Error{unsupported, corrupt_file}; encode throws nothing.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "tensor/compute_mode.h"

namespace estoc {

class PackedStore;
class Profile;
class ThreadTeam;
class WeightSource;

// What everybody may know of a loaded encoder.
struct EncoderInfo {
  std::string family;        // "bert"
  std::string architecture;  // "BertModel"
  // embed: one vector a text. score: one number a label of a text or a pair of texts.
  enum class Task { embed, score };
  Task task = Task::embed;
  int layers = 0;
  int hidden = 0;
  int vocab = 0;
  int tokens_max = 0;               // of a text, special tokens included
  int outputs = 0;                  // numbers a text: of the vector, or labels
  std::vector<std::string> labels;  // [outputs] where the model names them
  std::string pooling;              // "mean", "cls", "last", ...
  bool is_normalized = false;       // vectors have length 1 by the model's own files
  int64_t parameter_count = 0;
  uint64_t weight_bytes = 0;
};

// Texts as tokens, special ones included: the text i is the next lengths[i] of them.
struct EncoderBatch {
  std::span<const TokenId> tokens;
  std::span<const uint8_t> segments = {};  // [tokens], or empty for all 0: 1 in the second text of a pair
  std::span<const int> lengths;            // each 1 .. tokens_max
};

class EncoderScratch {
 public:
  virtual ~EncoderScratch() = default;
};

class Encoder {
 public:
  virtual ~Encoder() = default;
  virtual const EncoderInfo& info() const = 0;
  // For batches of up to so many tokens, and texts. Throws Error{resource_exhausted}.
  virtual std::unique_ptr<EncoderScratch> make_scratch(int tokens_max, int texts_max) const = 0;
  // results [texts][outputs]: pooled, and normalized where the model says so; scores are logits.
  virtual void encode(const EncoderBatch& batch, EncoderScratch& scratch, std::span<float> results) const = 0;
};

struct EncoderOptions {
  // What a checkpoint is used for that says neither or has both; by itself it is what its files say (is_encoder).
  std::optional<EncoderInfo::Task> task = {};
  // The tokens by whose logits a decoder scores, yes and no (Qwen3-Reranker): where its own files name none.
  std::optional<std::array<TokenId, 2>> answers = {};
  // By its name in EncoderInfo instead of what the model's files say; empty: what they say.
  std::string pooling = {};
  ComputeMode compute = ComputeMode::fast;
  Activations activations = Activations::automatic;
  WeightType weights = WeightType::as_stored;  // other types with `fast` only
  bool is_deterministic = false;               // what comes out for a text does not depend on its batch
  Profile* profile = nullptr;                  // as ModelOptions'
  PackedStore* packed_store = nullptr;
  std::function<void(uint64_t done, uint64_t total)> progress = {};
};

// Whether the checkpoint is for load_encoder: of a class that makes no next tokens, or a decoder whose files say how
// its rows are pooled (modules.json of sentence-transformers, GGUF's pooling_type). Throws Error{corrupt_file}.
bool is_encoder(const WeightSource& weights);

// Picks the family by the config's architecture and packs the weights with `team`. Both must outlive the encoder.
// Throws Error{invalid_argument} for options that the checkpoint cannot have.
std::unique_ptr<Encoder> load_encoder(const WeightSource& weights, ThreadTeam& team,
                                      const EncoderOptions& options = {});

// The same facts without loading weights.
EncoderInfo describe_encoder(const WeightSource& weights, const EncoderOptions& options = {});

}  // namespace estoc
