// Kernels against references in double, for the tests (emulator) and for what runs on a card alike.
//
// Each check draws fresh inputs, poisons what the kernel writes, runs it, and returns the relative error
// |out - reference| / |reference| over all outputs; an unwritten output is NaN and so is the error, which no limit lets
// pass.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "gpu/device.h"
#include "gpu/source/kv_tile.h"
#include "gpu/source/linear.h"
#include "quant/half.h"

namespace estoc::gpu {

struct Trial;  // trial.h: the same kernels to be checked once and then timed

struct Check {
  std::string name;
  double error;
  double limit;
  bool is_good() const { return error <= limit; }  // false for NaN
};

inline constexpr uint32_t kPoison = 0x7fc0dead;      // a NaN as f32
inline constexpr uint32_t kPoisonBf16 = 0x7fc17fc1;  // a NaN twice

using Random = std::mt19937_64;
float draw_normal(Random& random);
std::vector<float> draw_floats(Random& random, size_t count, float scale = 1);
std::vector<uint16_t> draw_bf16(Random& random, size_t count, float scale = 1);

// Accumulates |out - reference|^2 and |reference|^2.
class ErrorSum {
 public:
  void add(double value, double reference);
  double relative() const { return std::sqrt(difference_ / reference_); }

 private:
  double difference_ = 0, reference_ = 0;
};

// A random matrix in device form, in any code and any sensible scale.
std::vector<uint8_t> draw_matrix(Random& random, WeightForm form, int rows, int columns);
// One weight of a matrix in device form.
double matrix_value(const std::vector<uint8_t>& matrix, WeightForm form, int columns, int row, int column);
const char* form_name(WeightForm form);

enum class LinearEnd { store, residual, gated };
struct LinearCase {
  WeightForm form = WeightForm::bf16;
  LinearEnd end = LinearEnd::store;
  int rows = 64, columns = 128, count = 1;
  int tiles = 1, warps = 4;
  int sample = 0;         // rows to compare; 0: all
  bool has_ahead = true;  // asks for its own weights, as if they were a later launch's
  bool is_gelu = false;   // gated: instead of silu
};
// With a bias but where outputs are gated.
Check check_linear(const Device& device, const Module& module, const LinearCase& c, Random& random);
Trial linear_trial(const Device& device, const Module& module, const LinearCase& c, Random& random, int copies = 1);

struct AttentionCase {
  int head_dim = 64, heads = 4, kv_heads = 2;
  std::vector<int> positions = {0};  // of each row's new token
  int splits = 1;
  bool has_head_norm = false;
  KvForm form = KvForm::bf16;
  int window = 0;  // positions that a row sees; 0 for all
  int sample = 0;  // (row, head) pairs to compare; 0: all
  bool has_ahead = true;
  bool has_sinks = false;
  int width = 0;  // of the model's heads; 0: head_dim
  float softcap = 0;
  bool has_gate = false;
  bool has_value_norm = false;
  int dimensions() const { return width > 0 ? width : head_dim; }
};
Check check_attention_decode(const Device& device, const Module& module, const AttentionCase& c, Random& random);
Trial attention_decode_trial(const Device& device, const Module& module, const AttentionCase& c, Random& random,
                             int copies = 1);
// rope_kv for rows of one sequence at the given positions.
Check check_rope(const Device& device, const Module& module, const AttentionCase& c, Random& random);
Trial rope_trial(const Device& device, const Module& module, const AttentionCase& c, Random& random);
struct EmbedCase {
  WeightForm form = WeightForm::bf16;
  int columns = 64, rows = 1;
  int vocabulary = 50;
  float scale = 1;
};
Check check_embed(const Device& device, const Module& module, const EmbedCase& c, Random& random);
Trial embed_trial(const Device& device, const Module& module, const EmbedCase& c, Random& random);
// The gate of an MLP before it meets the other half.
double gate_value(double gate, bool is_gelu);
// What a part leaves, behind a norm or not; for a projection of few rows or not.
Check check_add_part(const Device& device, const Module& module, int rows, int columns, bool has_norm, bool has_next,
                     Random& random);
Trial add_part_trial(const Device& device, const Module& module, int rows, int columns, bool has_norm, bool has_next,
                     Random& random);
Check check_cap_logits(const Device& device, const Module& module, int rows, int columns, float cap, Random& random);
Trial cap_logits_trial(const Device& device, const Module& module, int rows, int columns, float cap, Random& random);
// Rows of the residual, picked in some order or, where `has_picks` is not set, as they come.
Check check_chosen_tokens(const Device& device, const Module& module, int rows, int count, Random& random);
Check check_select_rows(const Device& device, const Module& module, int rows, int columns, bool has_picks,
                        Random& random);
Trial select_rows_trial(const Device& device, const Module& module, int rows, int columns, bool has_picks,
                        Random& random);
// Greedy tokens; the error is the number of wrong ones.
Check check_argmax(const Device& device, const Module& module, int rows, int columns, int parts, Random& random);
// Names of the formats that have a repack kernel, as in quant/formats.h: bf16, q4_0 ...
std::vector<std::string> repack_formats();
Check check_repack(const Device& device, const Module& module, const std::string& name, int rows, int columns,
                   Random& random);
Trial repack_trial(const Device& device, const Module& module, const std::string& name, int rows, int columns,
                   Random& random);
Check check_rms_norm(const Device& device, const Module& module, int rows, int columns, Random& random);

}  // namespace estoc::gpu
