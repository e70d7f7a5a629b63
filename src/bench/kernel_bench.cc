#include "bench/kernel_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/best_seconds.h"
#include "base/memory.h"
#include "base/thread_team.h"
#include "bench/kernel_cases.h"
#include "bench/machine.h"
#include "kernels/probe.h"
#include "tensor/page_memory.h"

namespace estoc {
namespace {

using kernels::Arithmetic;
using kernels::Isa;

// Much larger than the caches, as far as the machine has so much to spare.
uint64_t memory_bytes() {
  constexpr uint64_t kLeast = 64 << 20, kMost = uint64_t{4} << 30;
  const uint64_t wanted = std::clamp(3 * l3_cache_bytes(), 4 * kLeast, kMost);
  return std::max(kLeast, std::min(wanted, available_memory() / 4));
}

// Rates of the machine, each measured when first asked for.
class Roofs {
 public:
  explicit Roofs(std::span<const std::byte> memory) : memory_(memory) {}

  double arithmetic(Isa isa, Arithmetic kind) {
    const auto [place, is_new] = arithmetic_.try_emplace({isa, kind}, 0);
    if (is_new) place->second = kernels::arithmetic_rate(isa, kind);
    return place->second;
  }

  // Where bf16 instructions are slower than f32's, or missing, a kernel had better widen.
  Arithmetic best_kind(Isa isa, Arithmetic kind) {
    const bool is_slow = kind == Arithmetic::bf16 && arithmetic(isa, kind) < arithmetic(isa, Arithmetic::f32);
    return is_slow ? Arithmetic::f32 : kind;
  }

  // Of a memory of about `bytes`: sizes are rounded up to a power of two.
  double reading(Isa isa, double bytes) {
    size_t size = 4096;
    while (size < static_cast<size_t>(bytes) && size < memory_.size()) size *= 2;
    size = std::min(size, memory_.size());
    if (size > l2_cache_bytes()) isa = kernels::best_isa();  // memory does not care how wide a load is
    const auto [place, is_new] = reading_.try_emplace({isa, size}, 0);
    if (is_new) place->second = kernels::read_rate(isa, memory_.first(size));
    return place->second;
  }

 private:
  std::span<const std::byte> memory_;
  std::map<std::pair<Isa, Arithmetic>, double> arithmetic_;
  std::map<std::pair<Isa, size_t>, double> reading_;
};

Json row_of(const char* isa, const std::string& kernel, const std::string& what, Json gmacs, Json gigabytes,
            Json percent, Json roof, Json microseconds) {
  Json row;
  row.set("isa", isa);
  row.set("kernel", kernel);
  row.set("what", what);
  row.set("us", std::move(microseconds));
  row.set("gmac_s", std::move(gmacs));
  row.set("gb_s", std::move(gigabytes));
  row.set("roof_percent", std::move(percent));
  row.set("roof", std::move(roof));
  return row;
}

void add_probe(Isa isa, const std::string& what, Json gmacs, Json gigabytes, Json::Array& rows) {
  rows.push_back(
      row_of(kernels::isa_name(isa), "probe", what, std::move(gmacs), std::move(gigabytes), nullptr, nullptr, nullptr));
}

void add_probes(Isa isa, const KernelBenchPlan& plan, std::span<const std::byte> memory, Roofs& roofs,
                Json::Array& rows) {
  for (const Arithmetic kind : {Arithmetic::int8, Arithmetic::f32, Arithmetic::bf16}) {
    const double rate = roofs.arithmetic(isa, kind);
    if (rate > 0)
      add_probe(isa, fmt::format("{} in registers", kernels::arithmetic_name(kind)), rate / 1e9, nullptr, rows);
  }
  const auto half_l2 = memory.first(std::min<size_t>(memory.size(), l2_cache_bytes() / 2));
  add_probe(isa, "read of half of L2, 1 thread", nullptr, kernels::read_rate(isa, half_l2) / 1e9, rows);
  add_probe(isa, fmt::format("read of {} MB, 1 thread", memory.size() >> 20), nullptr,
            kernels::read_rate(isa, memory) / 1e9, rows);
  if (plan.threads > 1) {
    ThreadTeam team(plan.threads);
    add_probe(isa, fmt::format("read of {} MB, {} threads", memory.size() >> 20, plan.threads), nullptr,
              kernels::read_rate(isa, memory, team) / 1e9, rows);
  }
}

Json time_case(const KernelCase& test, Isa isa, const KernelBenchPlan& plan, Roofs& roofs) {
  const kernels::Kernels& table = kernels::table_of(isa);
  const double seconds = best_seconds([&] { test.run(table); }, plan.seconds_min, plan.samples);
  const Arithmetic kind = roofs.best_kind(isa, test.arithmetic);
  const double rate = roofs.arithmetic(isa, kind);
  const double computing = rate > 0 ? test.macs / rate : 0;
  const double reading = test.bytes / roofs.reading(isa, test.footprint);
  const bool is_known = rate > 0 || test.macs == 0;  // no roof for scalar code
  const char* roof = computing > reading ? kernels::arithmetic_name(kind) : "read";
  return row_of(kernels::isa_name(isa), test.kernel, test.what, test.macs / seconds / 1e9, test.bytes / seconds / 1e9,
                is_known ? Json(100 * std::max(computing, reading) / seconds) : Json(), is_known ? Json(roof) : Json(),
                seconds * 1e6);
}

}  // namespace

std::vector<Isa> default_kernel_levels() {
  std::vector<Isa> levels;
  for (int level = 1; level < kernels::kIsaCount; ++level) {
    if (kernels::is_supported(static_cast<Isa>(level))) levels.push_back(static_cast<Isa>(level));
  }
  if (levels.empty()) levels.push_back(Isa::scalar);
  return levels;
}

Json::Array run_kernel_bench(const KernelBenchPlan& plan, const std::function<void(const std::string&)>& progress) {
  const PageMemory pages(memory_bytes(), "benchmark operands");
  fill_with_numbers({pages.data(), pages.bytes()});
  const std::span<const std::byte> memory(pages.data(), pages.bytes());
  const std::vector<KernelCase> cases = kernel_cases(memory);
  Roofs roofs(memory);
  Json::Array rows;
  const auto is_chosen = [&](Isa isa, const std::string& kernel, const std::string& what) {
    const std::string name = fmt::format("{} {} {}", kernels::isa_name(isa), kernel, what);
    if (name.find(plan.filter) == std::string::npos) return false;
    if (progress) progress(name);
    return true;
  };
  for (const Isa isa : plan.levels) {
    if (is_chosen(isa, "probe", "")) add_probes(isa, plan, memory, roofs, rows);
  }
  for (const KernelCase& test : cases) {
    for (size_t i = 0; i < plan.levels.size(); ++i) {
      const Isa isa = plan.levels[i];
      const auto is_same = [&](Isa other) { return test.is_same(kernels::table_of(other), kernels::table_of(isa)); };
      const auto end = plan.levels.begin() + static_cast<std::ptrdiff_t>(i);
      if (std::any_of(plan.levels.begin(), end, is_same)) continue;
      if (is_chosen(isa, test.kernel, test.what)) rows.push_back(time_case(test, isa, plan, roofs));
    }
  }
  return rows;
}

std::vector<ReportColumn> kernel_bench_columns() {
  return {{"isa", "isa"},
          {"kernel", "kernel"},
          {"what", "what"},
          {"us", "us", 2},
          {"gmac_s", "GMAC/s", 1},
          {"gb_s", "GB/s", 1},
          {"roof_percent", "% of roof", 1},
          {"roof", "roof"}};
}

}  // namespace estoc
