#include "bench/gpu_kernel_bench.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "gpu/accelerator.h"
#include "gpu/trials/kernel_times.h"

namespace estoc {
namespace {

class GpuKernelRows {
 public:
  explicit GpuKernelRows(const gpu::Device& device) : device_(device) {}

  void add_roofs(const gpu::Roofs& roofs) {
    const auto add = [&](const char* what, Json gigabytes, Json teraflops, const gpu::Check& check) {
      Json row = row_of("roof", what, nullptr, std::move(gigabytes), std::move(teraflops), check);
      row.set("roof_percent", nullptr);
      row.set("roof", nullptr);
      bench.rows.push_back(std::move(row));
    };
    add("reading", roofs.read / 1e9, nullptr, roofs.checks[0]);
    add("copying (read + written)", roofs.copy / 1e9, nullptr, roofs.checks[0]);
    add("bf16 products", nullptr, roofs.products / 1e12, roofs.checks[1]);
  }

  void add(const gpu::KernelTime& time, const gpu::Roofs& roofs) {
    const auto rate = [&](double work, double unit) { return work > 0 ? Json(work / time.seconds / unit) : Json(); };
    Json row = row_of(time.kernel, time.what, time.seconds * 1e6, rate(time.work.bytes, 1e9),
                      rate(time.work.flops, 1e12), time.check);
    row.set("roof_percent", 100 * roofs.seconds(time.work) / time.seconds);
    row.set("roof", roofs.limit_of(time.work));
    bench.rows.push_back(std::move(row));
  }

  GpuKernelBench bench;

 private:
  Json row_of(const std::string& kernel, const std::string& what, Json microseconds, Json gigabytes, Json teraflops,
              const gpu::Check& check) {
    if (!check.is_good()) bench.wrong.push_back(kernel + " " + what);
    Json row;
    row.set("device", device_.name);
    row.set("kernel", kernel);
    row.set("what", what);
    row.set("us", std::move(microseconds));
    row.set("gb_s", std::move(gigabytes));
    row.set("tflop_s", std::move(teraflops));
    row.set("error", std::stod(fmt::format("{:.1e}", check.error)));
    row.set("result", check.is_good() ? "right" : "WRONG");
    return row;
  }

  const gpu::Device& device_;
};

}  // namespace

GpuKernelBench run_gpu_kernel_bench(const std::string& device, const std::string& filter,
                                    const std::function<void(const std::string&)>& progress) {
  const auto accelerator = gpu::Accelerator::open(device);
  if (accelerator == nullptr) {
    fail(ErrorCode::invalid_argument, "--device: '{}' is not known, expected cpu, cuda, cuda:N, hip, hip:N or emulator",
         device);
  }
  const bool is_small = device.starts_with("emulator");
  gpu::Random random(1);
  GpuKernelRows rows(accelerator->device());
  std::optional<gpu::Roofs> roofs;  // measured when there is a kernel to stand beside them
  const auto wants_more = [&](const std::string& name) {
    if (!roofs) {
      progress("what the card can do");
      roofs = measure_roofs(accelerator->device(), accelerator->module(), is_small, random);
      rows.add_roofs(*roofs);
    }
    progress(name);
    return true;
  };
  const gpu::KernelTimesPlan plan{.is_small = is_small, .filter = filter, .wants_more = wants_more};
  time_kernels(accelerator->device(), accelerator->module(), plan, random,
               [&](const gpu::KernelTime& time) { rows.add(time, *roofs); });
  return std::move(rows.bench);
}

std::vector<ReportColumn> gpu_kernel_bench_columns() {
  return {{"kernel", "kernel"}, {"what", "what"},          {"us", "us", 2},
          {"gb_s", "GB/s", 1},  {"tflop_s", "TFLOP/s", 1}, {"roof_percent", "% of roof", 1},
          {"roof", "roof"},     {"error", "error"},        {"result", "result"}};
}

}  // namespace estoc
