#include "layers/vector_steps.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include "ops/elementwise.h"
#include "ops/profile.h"
#include "weights/module_weights.h"

namespace estoc {
namespace {

// Columns [begin, end) of the rows [row, row + count) into `to`.
void pool_columns(Pooling pooling, const Rows& hidden, int64_t row, int64_t count, int64_t begin, int64_t end,
                  float* to) {
  if (pooling == Pooling::cls || pooling == Pooling::last) {
    std::copy_n(hidden.row(pooling == Pooling::cls ? row : row + count - 1) + begin, end - begin, to);
    return;
  }
  const bool is_max = pooling == Pooling::max;
  std::fill_n(to, end - begin, is_max ? -std::numeric_limits<float>::infinity() : 0.0f);
  for (int64_t r = 0; r < count; ++r) {
    const float* const values = hidden.row(row + r) + begin;
    const float weight = pooling == Pooling::weighted_mean ? static_cast<float>(r + 1) : 1.0f;
    if (is_max) {
      for (int64_t c = 0; c < end - begin; ++c) to[c] = std::max(to[c], values[c]);
    } else {
      for (int64_t c = 0; c < end - begin; ++c) to[c] += weight * values[c];
    }
  }
  if (is_max) return;
  const auto rows = static_cast<double>(count);
  const double weights = pooling == Pooling::mean            ? rows
                         : pooling == Pooling::mean_sqrt_len ? std::sqrt(rows)
                                                             : rows * (rows + 1) / 2;
  const auto factor = static_cast<float>(1 / weights);
  for (int64_t c = 0; c < end - begin; ++c) to[c] *= factor;
}

float apply(VectorStepSpec::Function function, float x) {
  using Function = VectorStepSpec::Function;
  switch (function) {
    case Function::none:
      return x;
    case Function::tanh:
      return std::tanh(x);
    case Function::relu:
      return std::max(x, 0.0f);
    case Function::gelu:
      return 0.5f * x * (1 + std::erf(x * std::sqrt(0.5f)));
    case Function::gelu_tanh:
      return 0.5f * x * (1 + std::tanh(std::sqrt(2 / 3.14159265f) * (x + 0.044715f * x * x * x)));
    case Function::silu:
      return x / (1 + std::exp(-x));
    case Function::sigmoid:
      return 1 / (1 + std::exp(-x));
  }
  return x;
}

}  // namespace

void pool(const Compute& compute, const Batch& batch, std::span<const Pooling> pooling, const Rows& hidden,
          int64_t first, Rows& pooled) {
  const ProfileScope scope(compute, "pool");
  constexpr int64_t kPiece = 128;  // columns: long texts alone in a batch are everybody's work, too
  const int64_t columns = hidden.columns(), pieces = (columns + kPiece - 1) / kPiece;
  const auto texts = std::ssize(batch.sequences);
  const auto piece = [&](int64_t item, int) {
    const BatchSequence& sequence = batch.sequences[static_cast<size_t>(item / pieces)];
    const int64_t begin = item % pieces * kPiece, end = std::min(columns, begin + kPiece);
    for (size_t i = 0; i < pooling.size(); ++i) {
      pool_columns(pooling[i], hidden, sequence.first_row, sequence.row_count, begin, end,
                   pooled.row(first + item / pieces) + static_cast<int64_t>(i) * columns + begin);
    }
  };
  if (Compute::is_worth_splitting(hidden.count() * columns)) {
    compute.team.parallel_items(texts * pieces, piece);
  } else {
    for (int64_t item = 0; item < texts * pieces; ++item) piece(item, 0);
  }
}

void normalize(const Compute& compute, Rows& vectors) {
  const ProfileScope scope(compute, "normalize");
  constexpr double kLeast = 1e-12;
  for (int64_t r = 0; r < vectors.count(); ++r) {
    float* const row = vectors.row(r);
    double sum = 0;
    for (int64_t c = 0; c < vectors.columns(); ++c) sum += double{row[c]} * double{row[c]};
    const auto factor = static_cast<float>(1 / std::max(std::sqrt(sum), kLeast));
    for (int64_t c = 0; c < vectors.columns(); ++c) row[c] *= factor;
  }
}

VectorStep::VectorStep(LoadContext& load, const VectorStepSpec& spec, int64_t columns)
    : function_(spec.function), width_(spec.linear.empty() ? columns : spec.outputs) {
  const bool has_own = !spec.folder.empty();
  if (has_own) {
    source_ =
        open_module_weights((std::filesystem::path(load.source.path()) / spec.folder / "model.safetensors").string());
  }
  LoadContext own{.source = has_own ? *source_ : load.source,
                  .naming = load.naming,
                  .mode = ComputeMode::exact,
                  .compute = load.compute};
  if (!spec.rows.empty()) {
    load_rows(own, spec, columns);
  } else if (!spec.linear.empty()) {
    linear_.emplace(own, spec.linear, spec.outputs, columns);
  }
  if (spec.norm) norm_.emplace(own, *spec.norm, width_);
  if (!has_own) load.used.insert(own.used.begin(), own.used.end());
}

void VectorStep::load_rows(LoadContext& load, const VectorStepSpec& spec, int64_t columns) {
  const int64_t shape[] = {spec.tensor_rows, columns};
  const WeightTensor& tensor = load.require(spec.linear + ".weight", shape);
  row_.resize(static_cast<size_t>(columns));
  tensor.decode_row(spec.rows[0], row_.data());
  if (spec.rows.size() < 2) return;
  std::vector<float> less(row_.size());
  tensor.decode_row(spec.rows[1], less.data());
  for (size_t i = 0; i < row_.size(); ++i) row_[i] -= less[i];
}

void VectorStep::forward(const Compute& compute, Rows& in, const DecodeScratch& decoded, Rows& out) const {
  if (linear_) {
    const LinearOutput output{&*linear_, &out};
    estoc::forward(compute, in, {&output, 1}, decoded);
  } else if (!row_.empty()) {
    out.reset(in.count(), 1);
    for (int64_t r = 0; r < in.count(); ++r) {
      double sum = 0;
      for (size_t c = 0; c < row_.size(); ++c) sum += double{in.row(r)[c]} * double{row_[c]};
      out.row(r)[0] = static_cast<float>(sum);
    }
  } else {
    copy_rows(compute, in, out);
  }
  if (function_ != VectorStepSpec::Function::none) {
    for (int64_t r = 0; r < out.count(); ++r) {
      for (int64_t c = 0; c < out.columns(); ++c) out.row(r)[c] = apply(function_, out.row(r)[c]);
    }
  }
  if (norm_) norm_->forward(compute, out, out);
}

}  // namespace estoc
