#include "ops/gated_norm.h"

#include "base/check.h"
#include "ops/activation.h"
#include "ops/profile.h"

namespace estoc {

void gated_norm(const Compute& compute, const Rows& x, const Rows& gates, int64_t first_column, const GatedNorm& norm,
                Rows& out, RowForm form) {
  const ProfileScope scope(compute, "gated_norm");
  const int64_t columns = x.columns();
  const bool has_norm = !norm.weight.empty();
  const bool is_shared = std::ssize(norm.weight) == norm.group;
  ESTOC_DCHECK(!has_norm || is_shared || std::ssize(norm.weight) == columns);
  const auto norm_groups = [&](const float* from, float* to) {
    for (int64_t c = 0; c < columns; c += norm.group) {
      const float* const weight = norm.weight.data() + (is_shared ? 0 : c);
      compute.kernels.rms_norm(from + c, weight, norm.epsilon, norm.group, to + c);
    }
  };
  out.reset(x.count());
  out.fill(compute, form, [&](int64_t r, float* to) {
    const float* const gate = gates.row(r) + first_column;
    if (has_norm && !norm.is_gate_first) {
      norm_groups(x.row(r), to);
      return compute.kernels.activate(Activation::silu, gate, to, columns, to);
    }
    compute.kernels.activate(Activation::silu, gate, x.row(r), columns, to);
    if (has_norm) norm_groups(to, to);
  });
}

}  // namespace estoc
