#include "ops/elementwise.h"

#include "ops/profile.h"

namespace estoc {
namespace {

// Runs work(row) for every row: split over the team when there is enough to do.
template <typename Work>
void for_rows(const Compute& compute, int64_t count, int64_t columns, Work&& work) {
  const auto range = [&](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; ++r) work(r);
  };
  if (!Compute::is_worth_splitting(count * columns)) {
    range(0, count, 0);
  } else {
    compute.team.parallel_for(count, 1, range);
  }
}

}  // namespace

void rms_norm(const Compute& compute, const Rows& x, std::span<const float> weight, float eps, Rows& out,
              RowForm form) {
  const ProfileScope scope(compute, "rms_norm");
  out.fill(compute, form,
           [&](int64_t r, float* to) { compute.kernels.rms_norm(x.row(r), weight.data(), eps, x.columns(), to); });
}

void turn_heads(const Compute& compute, std::span<const HeadRows> parts, int head_dim, float norm_eps, const float* cos,
                const float* sin, int half) {
  const ProfileScope scope(compute, "rope");
  int64_t columns = 0;
  for (const HeadRows& part : parts) {
    part.x->touch();
    columns += part.x->columns();
  }
  for_rows(compute, parts[0].x->count(), columns, [&](int64_t r) {
    for (const HeadRows& part : parts) {
      float* const row = part.x->row(r);
      for (float* head = row; head < row + part.x->columns(); head += head_dim) {
        if (!part.norm.empty()) compute.kernels.rms_norm(head, part.norm.data(), norm_eps, head_dim, head);
        compute.kernels.rope(head, cos + r * half, sin + r * half, half);
      }
    }
  });
}

void silu_mul(const Compute& compute, const Rows& gate, const Rows& up, Rows& out, RowForm form) {
  const ProfileScope scope(compute, "silu_mul");
  out.reset(gate.count());
  out.fill(compute, form,
           [&](int64_t r, float* to) { compute.kernels.silu_mul(gate.row(r), up.row(r), gate.columns(), to); });
}

void add_bias(const Compute& compute, std::span<const float> bias, Rows& x) {
  const ProfileScope scope(compute, "add_bias");
  x.touch();
  for_rows(compute, x.count(), x.columns(),
           [&](int64_t r) { compute.kernels.add(bias.data(), x.columns(), x.row(r)); });
}

}  // namespace estoc
