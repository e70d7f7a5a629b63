// The commands of the binary. Each takes its parsed flags, returns the exit code and throws Error for what it cannot
// do.
#pragma once

#include "apps/options.h"
#include "apps/options_bench_serve.h"

namespace estoc {

int serve(const ServeOptionValues& options);
int run(const RunOptionValues& options);
int perplexity(const PerplexityOptionValues& options);
int bench_kernels(const BenchKernelsOptionValues& options);
int bench_model(const BenchModelOptionValues& options);
// Decoding with a constraint beside decoding without.
int bench_constraint(const BenchModelOptionValues& options, const grammar::ConstraintSource& source);
int bench_report(const BenchReportOptionValues& options);
int bench_serve(const BenchServeOptionValues& options);
int embed(const EmbedOptionValues& options);
int show(const ShowOptionValues& options);
int tokenize(const TokenizeOptionValues& options);
int trace(const TraceOptionValues& options);
int pull(const PullOptionValues& options);
int list(const ListOptionValues& options);
int remove(const RemoveOptionValues& options);

}  // namespace estoc
