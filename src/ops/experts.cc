#include "ops/experts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "ops/profile.h"

namespace estoc {
namespace {

constexpr int64_t kPanelRows = kernels::kPanelRows;
// Beside what an expert's rows cost, reading its weights costs about as much as so many of them.
constexpr int64_t kReadingRows = 4;
constexpr int64_t kPiecesOfThread = 8;
constexpr int64_t kPiecePanelsMin = 4;  // with one row, so many are multiplied together
// Products of a step wait in the second-level cache to be summed.
constexpr int64_t kSumFloats = 32 << 10;
constexpr int64_t kSumPanelsMax = 16;

int64_t in_strips(int64_t count) { return (count + Rows::kStrip - 1) / Rows::kStrip * Rows::kStrip; }

// Of a batch of the most rows, if as many experts as there can be have one more row than fill their strips.
int64_t places_max(const ExpertScratch::Limits& limits) {
  const int64_t chosen = limits.rows * limits.chosen;
  return chosen + std::min<int64_t>(limits.experts, chosen) * (Rows::kStrip - 1);
}

int64_t sum_stride(int64_t panels) {
  return (panels + 1) * kPanelRows;
}  // an odd number of cache lines: panels is even

}  // namespace

ExpertMatrix::ExpertMatrix(std::vector<Weight> weights, int experts)
    : weights_(std::move(weights)), experts_(static_cast<uint64_t>(experts)) {
  ESTOC_CHECK(weights_.size() == 1 || weights_.size() == experts_);
  rows_ = weights_.size() == 1 ? weights_.front().rows() / experts : weights_.front().rows();
  ESTOC_CHECK(weights_.size() > 1 || experts == 1 || fills_panels(rows_));
}

void ExpertMatrix::multiply(const Compute& compute, int expert, const RowsPart& x, const kernels::ProductRows& out,
                            int64_t begin, int64_t end, float* scratch) const {
  if (weights_.size() > 1) {
    return weights_[static_cast<size_t>(expert)].multiply(compute, x, out, begin, end, scratch);
  }
  const int64_t first = expert * panel_count();
  weights_.front().multiply(compute, x, out.from(0, -first * kPanelRows), first + begin, first + end, scratch);
}

void activate_expert(const Compute& compute, const ExpertActivation& activation, const float* gate, const float* up,
                     int64_t width, float* out) {
  if (gate == nullptr) {
    compute.kernels.activate(activation.function, up, nullptr, width, out);
  } else if (activation.limit > 0) {
    compute.kernels.clamped_swiglu(activation.slope, activation.limit, gate, up, width, out);
  } else {
    compute.kernels.activate(activation.function, gate, up, width, out);
  }
}

float sigmoid_of_product(const Compute& compute, std::span<const float> w, const float* x) {
  const auto columns = std::ssize(w);
  float product = 0;
  compute.kernels.dense_gemm(kernels::Dense::f32, w.data(), 1, columns * 4, columns, x, 1, columns, {&product, 1});
  return 1 / (1 + std::exp(-product));
}

ExpertScratch::ExpertScratch(const Limits& limits)
    : gathered_(places_max(limits), limits.hidden),
      up_(places_max(limits), limits.width),
      activated_(places_max(limits), limits.width),
      places_(static_cast<size_t>(limits.experts)),
      source_(static_cast<size_t>(places_max(limits))),
      weight_(static_cast<size_t>(places_max(limits))),
      sum_floats_(std::max(kSumFloats, limits.rows * sum_stride(2))),
      sums_(static_cast<uint64_t>(sum_floats_ * limits.threads) * sizeof(float), "sums of experts") {
  if (limits.has_gate) gate_.emplace(places_max(limits), limits.width);
  const auto experts = static_cast<size_t>(limits.experts);
  segments_.reserve(experts);
  by_size_.reserve(experts);
  strips_.reserve(static_cast<size_t>(in_strips(places_max(limits)) / Rows::kStrip));
  const auto panels = static_cast<size_t>((limits.width + kPanelRows - 1) / kPanelRows);
  pieces_.reserve(experts * (panels / kPiecePanelsMin + 1));
}

// One call of run_experts.
class ExpertRun {
 public:
  ExpertRun(const Compute& compute, const ExpertWeights& weights, ExpertScratch& work, const DecodeScratch& decoded)
      : compute_(compute), weights_(weights), work_(work), decoded_(decoded) {}

  void sort_rows(const Routes& routes);
  void gather(Rows& x);
  void multiply_up();
  void activate();
  void multiply_down(Rows& out, bool is_added);

 private:
  using Segment = ExpertScratch::Segment;
  using Strip = ExpertScratch::Strip;
  using Piece = ExpertScratch::Piece;

  // work(strip, thread) for all strips, split over the team when there is enough to do.
  template <typename Work>
  void for_strips(int64_t columns, Work&& work) {
    const auto count = std::ssize(work_.strips_);
    if (Compute::is_worth_splitting(row_count_ * columns)) {
      compute_.team.parallel_items(count,
                                   [&](int64_t i, int thread) { work(work_.strips_[static_cast<size_t>(i)], thread); });
    } else {
      for (const Strip& strip : work_.strips_) work(strip, 0);
    }
  }
  void cut_pieces();
  uint64_t chosen_bytes(const ExpertMatrix& matrix) const { return matrix.resident_bytes() * work_.segments_.size(); }

  const Compute& compute_;
  const ExpertWeights& weights_;
  ExpertScratch& work_;
  const DecodeScratch& decoded_;
  int64_t row_count_ = 0, place_count_ = 0;  // without and with what fills strips
};

void ExpertRun::sort_rows(const Routes& routes) {
  std::ranges::fill(work_.places_, 0);
  for (int64_t row = 0; row < routes.rows(); ++row) {
    for (const int32_t expert : routes.experts(row)) ++work_.places_[static_cast<size_t>(expert)];
  }
  work_.segments_.clear();
  work_.by_size_.clear();
  work_.strips_.clear();
  for (size_t expert = 0; expert < work_.places_.size(); ++expert) {
    const int64_t count = work_.places_[expert];
    work_.places_[expert] = place_count_;
    if (count == 0) continue;
    const Segment& segment = work_.segments_.emplace_back(static_cast<int>(expert), place_count_, count);
    work_.by_size_.push_back(&segment);
    for (int64_t at = 0; at < count; at += Rows::kStrip) {
      work_.strips_.push_back({&segment, place_count_ + at, place_count_ + std::min(count, at + Rows::kStrip)});
    }
    place_count_ += in_strips(count);
    row_count_ += count;
  }
  for (int64_t row = 0; row < routes.rows(); ++row) {
    for (size_t i = 0; i < routes.experts(row).size(); ++i) {
      const auto place = static_cast<size_t>(work_.places_[static_cast<size_t>(routes.experts(row)[i])]++);
      work_.source_[place] = static_cast<int32_t>(row);
      work_.weight_[place] = routes.weights(row)[i];
    }
  }
  std::ranges::sort(work_.by_size_, [](const Segment* a, const Segment* b) {
    return std::pair(-a->count, a->expert) < std::pair(-b->count, b->expert);
  });
}

void ExpertRun::gather(Rows& x) {
  const ProfileScope scope(compute_, "gather");
  const auto forms_of = [&](const Segment& segment) {
    const RowForm up = weights_.up.reads(compute_, segment.count);
    return std::array{up, weights_.gate ? weights_.gate->reads(compute_, segment.count) : up};
  };
  const auto are_read = [&](RowForm form) {
    return std::ranges::any_of(work_.segments_,
                               [&](const Segment& segment) { return std::ranges::count(forms_of(segment), form) > 0; });
  };
  if (are_read(RowForm::quantized)) x.make(compute_, RowForm::quantized);
  work_.gathered_.reset(place_count_, x.columns());
  work_.gathered_.begin_parts(compute_, are_read(RowForm::values));
  for_strips(x.columns(), [&](const Strip& strip, int thread) {
    const auto forms = forms_of(*strip.segment);
    const auto source = [&](int64_t place) { return work_.source_[static_cast<size_t>(place)]; };
    // Codes are made once a row; tiles are made of the rows that lie beside each other here.
    if (std::ranges::count(forms, RowForm::quantized) > 0) {
      for (int64_t p = strip.begin; p < strip.end; ++p) work_.gathered_.copy_codes(p, x, source(p));
    }
    std::array<RowForm, 2> others;
    size_t count = 0;
    for (const RowForm form : forms) {
      if (form != RowForm::quantized && (count == 0 || form != others[0])) others[count++] = form;
    }
    if (count == 0) return;
    work_.gathered_.fill_part(compute_, std::span(others).first(count), strip.begin, strip.end, thread,
                              [&](int64_t p, float* to) { std::copy_n(x.row(source(p)), x.columns(), to); });
  });
}

// Pieces of about equal cost, those of experts with the most rows first.
void ExpertRun::cut_pieces() {
  const int64_t panels = weights_.up.panel_count();
  const auto cost = [](const Segment& segment) { return segment.count + kReadingRows; };
  int64_t total = 0;
  for (const Segment& segment : work_.segments_) total += cost(segment) * panels;
  const int64_t share = total / (compute_.team.thread_count() * kPiecesOfThread);
  work_.pieces_.clear();
  for (const Segment* segment : work_.by_size_) {
    const int64_t step = std::max(kPiecePanelsMin, share / cost(*segment) / kPiecePanelsMin * kPiecePanelsMin);
    for (int64_t begin = 0; begin < panels; begin += step) {
      work_.pieces_.push_back({segment, begin, std::min(panels, begin + step)});
    }
  }
}

void ExpertRun::multiply_up() {
  const uint64_t bytes = chosen_bytes(weights_.up) + (weights_.gate ? chosen_bytes(*weights_.gate) : 0);
  const ProfileScope scope(compute_, "experts", bytes, weights_.up.name());
  cut_pieces();
  work_.up_.reset(place_count_, weights_.up.rows());
  if (weights_.gate) work_.gate_->reset(place_count_, weights_.gate->rows());
  const auto multiply = [&](const ExpertMatrix& matrix, const Piece& piece, Rows& out, int thread) {
    const Segment& segment = *piece.segment;
    const RowsPart x{work_.gathered_, matrix.reads(compute_, segment.count), segment.begin,
                     segment.begin + segment.count};
    matrix.multiply(compute_, segment.expert, x, {out.row(segment.begin), out.stride()}, piece.begin, piece.end,
                    decoded_.of_thread(thread, work_.gathered_.columns()));
  };
  compute_.team.parallel_items(std::ssize(work_.pieces_), [&](int64_t i, int thread) {
    const Piece& piece = work_.pieces_[static_cast<size_t>(i)];
    if (weights_.gate) multiply(*weights_.gate, piece, *work_.gate_, thread);
    multiply(weights_.up, piece, work_.up_, thread);
  });
}

void ExpertRun::activate() {
  const ProfileScope scope(compute_, "activate");
  const int64_t width = weights_.up.rows();
  work_.activated_.reset(place_count_, width);
  work_.activated_.begin_parts(compute_, std::ranges::any_of(work_.segments_, [&](const Segment& segment) {
                                 return weights_.down.reads(compute_, segment.count) == RowForm::values;
                               }));
  const auto add_bias = [&](const std::vector<float>& bias, int expert, float* row) {
    if (!bias.empty()) compute_.kernels.add(bias.data() + expert * width, width, row);
  };
  for_strips(width, [&](const Strip& strip, int thread) {
    const int expert = strip.segment->expert;
    const RowForm form = weights_.down.reads(compute_, strip.segment->count);
    work_.activated_.fill_part(compute_, {&form, 1}, strip.begin, strip.end, thread, [&](int64_t p, float* to) {
      float* const up = work_.up_.row(p);
      float* const gate = weights_.gate ? work_.gate_->row(p) : nullptr;
      add_bias(weights_.up_bias, expert, up);
      if (gate != nullptr) add_bias(weights_.gate_bias, expert, gate);
      activate_expert(compute_, weights_.activation, gate, up, width, to);
    });
  });
}

void ExpertRun::multiply_down(Rows& out, bool is_added) {
  const ExpertMatrix& down = weights_.down;
  const ProfileScope scope(compute_, "experts", chosen_bytes(down), down.name());
  out.touch();
  constexpr int64_t kStep = 2;  // two panels share the activations they load
  constexpr int kChunks = 4;
  compute_.team.parallel_chunks(down.panel_count(), kStep, kChunks, [&](int64_t begin, int64_t end, int thread) {
    float* const sums = work_.sums_.as<float>() + thread * work_.sum_floats_;
    const int64_t first = begin * kPanelRows, last = std::min(down.rows(), end * kPanelRows);
    for (int64_t row = 0; !is_added && row < out.count(); ++row) std::fill_n(out.row(row) + first, last - first, 0.0f);
    // The experts of a row come in the order of their numbers, whatever other rows there are.
    for (const Segment& segment : work_.segments_) {
      const RowsPart x{work_.activated_, down.reads(compute_, segment.count), segment.begin,
                       segment.begin + segment.count};
      int64_t panels = kSumPanelsMax;
      while (panels > kStep && segment.count * sum_stride(panels) > work_.sum_floats_) panels -= kStep;
      const int64_t stride = sum_stride(panels);
      for (int64_t at = begin; at < end; at += panels) {
        const int64_t n = at * kPanelRows, columns = std::min(panels * kPanelRows, last - n);
        down.multiply(compute_, segment.expert, x, kernels::ProductRows{sums, stride}.from(0, -n), at,
                      std::min(end, at + panels), decoded_.of_thread(thread, work_.activated_.columns()));
        for (int64_t i = 0; i < segment.count; ++i) {
          const auto place = static_cast<size_t>(segment.begin + i);
          float* const target = out.row(work_.source_[place]) + n;
          compute_.kernels.add_scaled(work_.weight_[place], sums + i * stride, columns, target);
          if (!weights_.down_bias.empty()) {
            const float* bias = weights_.down_bias.data() + segment.expert * down.rows() + n;
            compute_.kernels.add_scaled(work_.weight_[place], bias, columns, target);
          }
        }
      }
    }
  });
}

void run_experts(const Compute& compute, const ExpertWeights& weights, Rows& x, const Routes& routes,
                 ExpertScratch& work, const DecodeScratch& decoded, Rows& out, bool is_added) {
  ESTOC_DCHECK(routes.rows() == x.count() && weights.up.columns() == x.columns());
  if (!is_added) out.reset(x.count(), weights.down.rows());
  if (x.count() == 0) return;
  ExpertRun run(compute, weights, work, decoded);
  run.sort_rows(routes);
  run.gather(x);
  run.multiply_up();
  run.activate();
  run.multiply_down(out, is_added);
}

}  // namespace estoc
