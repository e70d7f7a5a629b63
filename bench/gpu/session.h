// gpu_check: kernels on a real card, first whether they are right, then how fast. What its stages share.
//
// Lines that begin with '=' are results, with '!' failures; the script (bench/gpu.sh) gathers both.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gpu/device.h"
#include "gpu/source/linear.h"
#include "gpu/trials/checks.h"
#include "gpu/trials/timing.h"

namespace estoc::gpu {

struct Session {
  const Device& device;
  const Module& module;
  bool is_small;     // tiny sizes: the emulator, sanitizers
  double read_roof;  // bytes a second, measured by the stage of kernels or assumed
  double seconds_left() const;
  double deadline = 1e9;
  std::string filter = {};  // of kernels
  Random random{20261127};

  Handle function(const std::string& name) const;  // looked up once
  mutable std::map<std::string, Handle> functions = {};
};

double now();

// The same matrix again and again in `bytes` of device memory, every copy whole.
class MatrixPool {
 public:
  MatrixPool(Session& session, size_t bytes);
  // Fills the pool for another shape; `random` codes, the first rows of the matrix repeated.
  void fill(WeightForm form, int rows, int columns);
  const u8* matrix(int index) const;
  int count() const { return count_; }
  long matrix_bytes() const { return stride_; }

 private:
  Session& session_;
  Buffer memory_;
  long stride_ = 0;
  int count_ = 0;
};

struct LinearShape {
  const char* name;
  LinearEnd end;
  int rows, columns;
};
long linear_bytes(WeightForm form, const LinearShape& shape);
LinearPlan plan_for(WeightForm form, const LinearShape& shape);
int linear_blocks(const LinearShape& shape, const LinearPlan& plan);
std::string linear_name(WeightForm form, LinearEnd end, const LinearPlan& plan, int count);
void launch_linear(const Session& session, WeightForm form, const LinearShape& shape, const LinearPlan& plan,
                   const LinearArguments& arguments, bool may_overlap);

// What activations of any shape may use, filled once.
struct Activations {
  explicit Activations(Session& session);
  Buffer inputs, squares, vectors, residual, output, next_inputs, next_squares;
  LinearArguments arguments(const LinearShape& shape, int count) const;
};

// Seconds of a projection with a plan, and the fastest plan by trying; `best_seconds` gets its time.
double time_linear(Session& session, const MatrixPool& pool, const Activations& activations, WeightForm form,
                   const LinearShape& shape, const LinearPlan& plan, int count);
LinearPlan tune(Session& session, const MatrixPool& pool, const Activations& activations, WeightForm form,
                const LinearShape& shape, int count, double* best_seconds);

bool run_correct(Session& session);
bool run_kernels(Session& session);
bool run_linear(Session& session);
bool run_step(Session& session, std::span<const int> counts);  // of sequences
bool run_prompt(Session& session);
bool run_gemm(Session& session);

}  // namespace estoc::gpu
