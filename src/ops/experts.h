// Products of rows with the experts that each was sent to (ops/router.h), and their weighted sum.
//
// What: the rows of an expert are gathered, so that its weights are read once however many they are, and only the
// experts that somebody chose are read at all. Two fork-joins multiply for all of them: gate and up cut by expert and
// panels, down by panels alone, where each thread sums over experts what belongs into its columns.
// Ownership: ExpertMatrix owns its weights; ExpertScratch owns its memory, sized once. Threads: matrices are immutable,
// a scratch serves one op at a time. Errors: none after construction.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "ops/activation.h"
#include "ops/compute.h"
#include "ops/matmul.h"
#include "ops/router.h"
#include "ops/rows.h"
#include "ops/weight.h"

namespace estoc {

// The same matrix of every expert: [experts][rows, columns].
class ExpertMatrix {
 public:
  // One weight has the rows of all experts, one after the other; or there is a weight an expert. One weight needs rows
  // that fill panels.
  ExpertMatrix(std::vector<Weight> weights, int experts);

  static constexpr bool fills_panels(int64_t rows) { return rows % kernels::kPanelRows == 0; }

  int64_t rows() const { return rows_; }
  int64_t columns() const { return weights_.front().columns(); }
  int64_t panel_count() const { return (rows_ + kernels::kPanelRows - 1) / kernels::kPanelRows; }
  const std::string& name() const { return weights_.front().name(); }
  // Of one expert.
  uint64_t resident_bytes() const { return weights_.front().resident_bytes() * weights_.size() / experts_; }
  RowForm reads(const Compute& compute, int64_t row_count) const { return weights_.front().reads(compute, row_count); }
  // As Weight::multiply, for one expert's panels [begin, end).
  void multiply(const Compute& compute, int expert, const RowsPart& x, const kernels::ProductRows& out, int64_t begin,
                int64_t end, float* scratch) const;

 private:
  std::vector<Weight> weights_;
  uint64_t experts_;
  int64_t rows_;
};

// What is between the matrices of an expert.
struct ExpertActivation {
  Activation function = Activation::silu;  // of the gate's product; of up's where there is no gate
  // Where there is a limit, instead of function(gate) * up: kernels' clamped_swiglu.
  float slope = 0, limit = 0;
};

// What goes into down, of one row's products; gate may be null.
void activate_expert(const Compute& compute, const ExpertActivation& activation, const float* gate, const float* up,
                     int64_t width, float* out);

// sigmoid(w . x): what an expert that every row goes to is weighed by. x has as many values as w.
float sigmoid_of_product(const Compute& compute, std::span<const float> w, const float* x);

// down(f(gate x) * up x), or down(f(up x)). Biases [experts][rows of the matrix] or empty.
struct ExpertWeights {
  std::optional<ExpertMatrix> gate;
  ExpertMatrix up, down;
  std::vector<float> gate_bias, up_bias, down_bias;
  ExpertActivation activation;
};

// What a batch's rows are computed in, expert by expert.
class ExpertScratch {
 public:
  struct Limits {
    int64_t rows = 0;  // of a batch
    int experts = 0, chosen = 0;
    int64_t hidden = 0, width = 0;
    bool has_gate = true;
    int threads = 1;
  };
  explicit ExpertScratch(const Limits& limits);

 private:
  friend class ExpertRun;

  // The rows of one expert, in places [begin, begin + count); begin is a multiple of Rows::kStrip.
  struct Segment {
    int expert;
    int64_t begin, count;
  };
  struct Strip {
    const Segment* segment;
    int64_t begin, end;  // places
  };
  // Panels of one expert's gate and up.
  struct Piece {
    const Segment* segment;
    int64_t begin, end;
  };

  Rows gathered_, up_, activated_;
  std::optional<Rows> gate_;
  std::vector<int64_t> places_;          // [experts]: rows, then the next free place of each
  std::vector<int32_t> source_;          // [places]: which row of the batch it is
  std::vector<float> weight_;            // [places]
  std::vector<Segment> segments_;        // by expert
  std::vector<const Segment*> by_size_;  // the longest first
  std::vector<Strip> strips_;
  std::vector<Piece> pieces_;
  int64_t sum_floats_;  // a thread's room for products before they are summed
  PageMemory sums_;     // [threads][sum_floats_]
};

// out (+)= the sum over each row's experts of weight * expert(x). x has values; out has as many rows.
void run_experts(const Compute& compute, const ExpertWeights& weights, Rows& x, const Routes& routes,
                 ExpertScratch& work, const DecodeScratch& decoded, Rows& out, bool is_added);

}  // namespace estoc
