// Every kernel of the table with shapes that models have, ready to be timed: one small function a kernel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "kernels/kernels.h"
#include "kernels/probe.h"

namespace estoc {

struct KernelCase {
  std::string kernel;                                         // the cell's name: "panel_gemm"
  std::string what;                                           // "int4 3072x1024 x8"
  kernels::Arithmetic arithmetic = kernels::Arithmetic::f32;  // what it could at best compute with
  double macs = 0;                                            // of one run
  double bytes = 0;                                           // that one run must read and write
  double footprint = 0;  // bytes it goes through before it comes to the same ones again
  std::function<bool(const kernels::Kernels&, const kernels::Kernels&)> is_same;  // both tables call one function
  std::function<void(const kernels::Kernels&)> run;
};

// `memory` (from fill_with_numbers) stands for weights,
// keys and values, and must outlive the cases. Cases marked "cold" walk through all of it.
std::vector<KernelCase> kernel_cases(std::span<const std::byte> memory);

// Bytes that are normal numbers below 2 as f32, f16 and bf16, and valid codes as integers.
void fill_with_numbers(std::span<std::byte> memory);

}  // namespace estoc
