#include "ops/elementwise.h"

#include <algorithm>
#include <cmath>

#include "ops/for_rows.h"
#include "ops/profile.h"

namespace estoc {

void rms_norm(const Compute& compute, const Rows& x, std::span<const float> weight, float eps, Rows& out,
              RowForm form) {
  const ProfileScope scope(compute, "rms_norm");
  out.fill(compute, form,
           [&](int64_t r, float* to) { compute.kernels.rms_norm(x.row(r), weight.data(), eps, x.columns(), to); });
}

void layer_norm(const Compute& compute, const Rows& x, std::span<const float> weight, std::span<const float> bias,
                float eps, Rows& out, RowForm form) {
  const ProfileScope scope(compute, "layer_norm");
  out.fill(compute, form, [&](int64_t r, float* to) {
    compute.kernels.layer_norm(x.row(r), weight.data(), bias.empty() ? nullptr : bias.data(), eps, x.columns(), to);
  });
}

namespace {

void norm_heads(const kernels::Kernels& kernels, const HeadNorm& norm, int64_t columns, float* row) {
  const bool is_shared = norm.columns == static_cast<int64_t>(norm.weight.size());
  for (int64_t at = 0; at < columns; at += norm.columns) {
    const float* const weight = norm.weight.data() + (is_shared ? 0 : at);
    if (norm.is_layer_norm) {
      kernels.layer_norm(row + at, weight, nullptr, norm.epsilon, norm.columns, row + at);
    } else {
      kernels.rms_norm(row + at, weight, norm.epsilon, norm.columns, row + at);
    }
  }
}

}  // namespace

void turn_heads(const Compute& compute, std::span<const HeadRows> parts, int head_dim, const HeadAngles& angles,
                bool is_norm_last) {
  const ProfileScope scope(compute, "rope");
  int64_t columns = 0;
  for (const HeadRows& part : parts) {
    part.x->touch();
    columns += part.x->columns();
  }
  for_rows(compute, parts[0].x->count(), columns, [&](int64_t r) {
    for (const HeadRows& part : parts) {
      float* const row = part.x->row(r);
      const int64_t row_columns = part.x->columns();
      const bool has_norm = part.norm != nullptr && !part.norm->weight.empty();
      if (has_norm && !is_norm_last) norm_heads(compute.kernels, *part.norm, row_columns, row);
      for (float* head = row; head < row + row_columns && angles.half > 0; head += head_dim) {
        compute.kernels.rope(head, angles.cos + r * angles.half, angles.sin + r * angles.half, angles.half);
      }
      if (has_norm && is_norm_last) norm_heads(compute.kernels, *part.norm, row_columns, row);
    }
  });
}

void activate(const Compute& compute, Activation activation, const Rows& x, const Rows* up, Rows& out, RowForm form,
              std::span<const float> bias) {
  const ProfileScope scope(compute, "activate");
  out.reset(x.count(), x.columns());
  out.fill(compute, form, [&](int64_t r, float* to) {
    const float* row = x.row(r);
    if (!bias.empty()) {
      std::copy_n(row, x.columns(), to);
      compute.kernels.add(bias.data(), x.columns(), to);
      row = to;
    }
    compute.kernels.activate(activation, row, up == nullptr ? nullptr : up->row(r), x.columns(), to);
  });
}

void xielu(const Compute& compute, const Xielu& numbers, const Rows& x, Rows& out, RowForm form) {
  const ProfileScope scope(compute, "activate");
  out.reset(x.count());
  out.fill(compute, form, [&](int64_t r, float* to) {
    const float* const row = x.row(r);
    for (int64_t c = 0; c < x.columns(); ++c) {
      const float value = row[c];
      to[c] = value > 0
                  ? value * (numbers.alpha_p * value + numbers.beta)
                  : numbers.alpha_n * (std::expm1(std::min(value, numbers.epsilon)) - value) + numbers.beta * value;
    }
  });
}

void add_scaled(const Compute& compute, float scale, const Rows& y, Rows& x) {
  const ProfileScope scope(compute, "add");
  x.touch();
  for_rows(compute, x.count(), x.columns(),
           [&](int64_t r) { compute.kernels.add_scaled(scale, y.row(r), x.columns(), x.row(r)); });
}

void copy_rows(const Compute& compute, const Rows& x, Rows& out, RowForm form) {
  const ProfileScope scope(compute, "copy");
  out.reset(x.count(), x.columns());
  out.fill(compute, form, [&](int64_t r, float* to) { std::copy_n(x.row(r), x.columns(), to); });
}

void scale_rows(const Compute& compute, float scale, Rows& x) {
  const ProfileScope scope(compute, "scale");
  x.touch();
  for_rows(compute, x.count(), x.columns(), [&](int64_t r) {
    for (float* value = x.row(r); value < x.row(r) + x.columns(); ++value) *value *= scale;
  });
}

void multiply_rows(const Compute& compute, std::span<const float> factors, Rows& x) {
  const ProfileScope scope(compute, "multiply_rows");
  x.touch();
  for_rows(compute, x.count(), x.columns(), [&](int64_t r) {
    float* const row = x.row(r);
    for (size_t c = 0; c < factors.size(); ++c) row[c] *= factors[c];
  });
}

void grow_by_position(const Batch& batch, float growth, int period, Rows& x) {
  x.touch();
  for (const BatchSequence& sequence : batch.sequences) {
    for (int r = 0; r < sequence.row_count; ++r) {
      const int periods = (sequence.position + r) / period;
      if (periods == 0) continue;
      const float scale = 1 + growth * std::log1p(static_cast<float>(periods));
      float* const row = x.row(sequence.first_row + r);
      for (int64_t c = 0; c < x.columns(); ++c) row[c] *= scale;
    }
  }
}

void clip_rows(const Compute& compute, float limit, Rows& x) {
  const ProfileScope scope(compute, "clip");
  x.touch();
  for_rows(compute, x.count(), x.columns(), [&](int64_t r) {
    for (float* value = x.row(r); value < x.row(r) + x.columns(); ++value) *value = std::clamp(*value, -limit, limit);
  });
}

void add_bias(const Compute& compute, std::span<const BiasedRows> parts) {
  if (parts.empty()) return;
  const ProfileScope scope(compute, "add_bias");
  int64_t columns = 0;
  for (const BiasedRows& part : parts) {
    part.x->touch();
    columns += part.x->columns();
  }
  for_rows(compute, parts[0].x->count(), columns, [&](int64_t r) {
    for (const BiasedRows& part : parts) compute.kernels.add(part.bias.data(), part.x->columns(), part.x->row(r));
  });
}

}  // namespace estoc
