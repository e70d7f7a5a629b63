#include "ops/compute.h"

#include "base/error.h"

namespace estoc {

Compute default_compute(ThreadTeam& team) { return {team, kernels::table()}; }

Compute compute_of(const Compute& base, const std::string& level) {
  kernels::Isa isa;
  if (!kernels::parse_isa(level.c_str(), &isa)) {
    fail(ErrorCode::invalid_argument, "the level '{}' is unknown, expected {}", level, kernels::isa_names());
  }
  if (!kernels::is_supported(isa)) fail(ErrorCode::unsupported, "this CPU has no {}", level);
  return {base.team, kernels::table_of(isa), base.has_wide_activations, base.is_deterministic, base.profile};
}

}  // namespace estoc
