#include "gpu_layers/gpu_state_buffers.h"

#include <algorithm>

#include "gpu_layers/gpu_tile_rows.h"

namespace estoc {
namespace {

struct Bytes {
  size_t convolved, halves, parts, narrow_steps, steps;
};

Bytes bytes_each(const GpuStateSizes& s) {
  const auto rows = static_cast<size_t>(s.rows), padded = padded_rows(s.rows);
  return {.convolved = rows * static_cast<size_t>(s.convolved) * 4,
          .halves = padded * static_cast<size_t>(s.halves) * 2,
          .parts = rows * static_cast<size_t>(s.parts) * 4,
          .narrow_steps = padded * static_cast<size_t>(s.narrow_steps) * 2,
          .steps = rows * static_cast<size_t>(s.steps) * 4};
}

GpuStateSizes sizes_of(const gpu::ScanShape& shape) {
  return {.convolved = shape.columns,
          .halves = shape.columns,
          .parts = gpu::scan_part_columns(shape),
          .narrow_steps = shape.step_rank,
          .steps = shape.columns};
}

GpuStateSizes sizes_of(const GpuMixer& mixer) {
  if (const auto* net = std::get_if<GpuDeltaNet>(&mixer.kind)) return {.convolved = net->conv.columns};
  if (const auto* mamba = std::get_if<GpuMamba2>(&mixer.kind)) return {.convolved = mamba->conv.columns};
  if (const auto* mamba = std::get_if<GpuMamba>(&mixer.kind)) return sizes_of(mamba->shape);
  return {};
}

gpu::Buffer zeros(const gpu::Device& device, size_t bytes) {
  gpu::Buffer buffer(device, std::max<size_t>(bytes, 16));
  buffer.fill(0);
  return buffer;
}

}  // namespace

void GpuStateSizes::include(const GpuStateSizes& other) {
  rows = std::max(rows, other.rows);
  convolved = std::max(convolved, other.convolved);
  halves = std::max(halves, other.halves);
  parts = std::max(parts, other.parts);
  narrow_steps = std::max(narrow_steps, other.narrow_steps);
  steps = std::max(steps, other.steps);
}

std::optional<GpuStateSizes> state_sizes_of(const GpuWeightPlan& plan, int rows_max) {
  GpuStateSizes sizes{.rows = rows_max};
  bool has_any = false;
  for (const GpuMixer* mixer : plan.states()) {
    has_any |= mixer->state_bytes() > 0;
    sizes.include(sizes_of(*mixer));
  }
  if (!has_any) return std::nullopt;
  return sizes;
}

GpuStateSizes state_sizes_of(const MixerSpec& mixer) {
  if (const auto* net = std::get_if<GatedDeltaSpec>(&mixer)) {
    return {.convolved = 2 * net->key_heads * net->key_dim + net->value_heads * net->value_dim};
  }
  if (const auto* mamba = std::get_if<Mamba2Spec>(&mixer)) {
    return {.convolved = static_cast<int>(mamba->conv_columns())};
  }
  if (const auto* mamba = std::get_if<MambaSpec>(&mixer)) {
    return sizes_of(gpu::ScanShape{mamba->columns, mamba->state_size, mamba->step_rank, mamba->conv_width});
  }
  return {};
}

size_t GpuStateBuffers::bytes_of(const GpuStateSizes& sizes) {
  const Bytes b = bytes_each(sizes);
  return b.convolved + b.halves + b.parts + b.narrow_steps + b.steps;
}

GpuStateBuffers::GpuStateBuffers(const gpu::Device& device, const GpuStateSizes& sizes)
    : convolved(zeros(device, bytes_each(sizes).convolved)),
      halves(zeros(device, bytes_each(sizes).halves)),
      parts(zeros(device, bytes_each(sizes).parts)),
      narrow_steps(zeros(device, bytes_each(sizes).narrow_steps)),
      steps(zeros(device, bytes_each(sizes).steps)) {}

}  // namespace estoc
