// Decode projections at the shapes of an 8B and a 0.6B model: bytes of weights a second, and the plan that was fastest.
#include <cstdio>

#include "session.h"

namespace estoc::gpu {

bool run_linear(Session& s) {
  const LinearShape big[] = {
      {"8B qkv", LinearEnd::store, 6144, 4096},       {"8B out", LinearEnd::residual, 4096, 4096},
      {"8B gate/up", LinearEnd::gated, 28672, 4096},  {"8B down", LinearEnd::residual, 4096, 14336},
      {"8B head", LinearEnd::store, 128256, 4096},    {"0.6B qkv", LinearEnd::store, 4096, 1024},
      {"0.6B out", LinearEnd::residual, 1024, 2048},  {"0.6B gate/up", LinearEnd::gated, 6144, 1024},
      {"0.6B down", LinearEnd::residual, 1024, 3072}, {"0.6B head", LinearEnd::store, 151936, 1024}};
  const LinearShape tiny[] = {{"tiny", LinearEnd::store, 64, 128}, {"tiny gated", LinearEnd::gated, 64, 128}};
  MatrixPool pool(s, s.is_small ? 1 << 20 : size_t{3} << 30);
  const Activations activations(s);
  std::printf("= projections: percent of reading %.0f GB/s [best tiles x warps] us (us by plan), at 1, 8, 16 rows\n",
              s.read_roof * 1e-9);
  for (const WeightForm form : {WeightForm::codes4, WeightForm::codes8, WeightForm::bf16, WeightForm::codes4_min,
                                WeightForm::f8}) {
    for (const LinearShape& shape :
         s.is_small ? std::span<const LinearShape>(tiny) : std::span<const LinearShape>(big)) {
      pool.fill(form, shape.rows, shape.columns);
      const double bytes = static_cast<double>(linear_bytes(form, shape));
      std::printf("= %-10s %-12s", form_name(form), shape.name);
      for (const int count : {1, 8, 16}) {
        if (s.seconds_left() < 1) {
          std::printf(" | out of time");
          continue;
        }
        double seconds = 0;
        const LinearPlan plan = tune(s, pool, activations, form, shape, count, &seconds);
        const LinearPlan planned = plan_for(form, shape);
        const double by_plan = time_linear(s, pool, activations, form, shape, planned, count);
        std::printf(" | %3.0f%% [%dx%d] %.1f (%.1f)", 100 * bytes / seconds / s.read_roof, plan.tiles, plan.warps,
                    seconds * 1e6, by_plan * 1e6);
      }
      std::printf("\n");
    }
  }
  return true;
}

}  // namespace estoc::gpu
