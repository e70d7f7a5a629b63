// The commands of the binary. Each takes its parsed flags, returns the exit code and throws Error for what it cannot
// do.
#pragma once

#include "apps/options.h"

namespace estoc {

int serve(const ServeOptionValues& options);
int run(const RunOptionValues& options);
int perplexity(const PerplexityOptionValues& options);
int bench_kernels(const BenchKernelsOptionValues& options);
int bench_model(const BenchModelOptionValues& options);
int show(const ModelOptionValues& options);

}  // namespace estoc
