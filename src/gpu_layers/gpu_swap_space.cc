#include "gpu_layers/gpu_swap_space.h"

#include <algorithm>

namespace estoc {
namespace {

constexpr size_t kPieceBytes = size_t{64} << 20;

}  // namespace

GpuSwapSpace::GpuSwapSpace(const gpu::Device& device, GpuKvPools& pools, const RunLimits& limits)
    : device_(device), pools_(pools), lane_(device) {
  for (size_t group = 0; group < limits.slot_counts.size(); ++group) {
    Shelf& shelf = shelves_.emplace_back();
    const GpuKvPool* const pool = pools.of_group(static_cast<int>(group));
    if (pool == nullptr) continue;
    shelf.slots = static_cast<size_t>(limits.slot_counts[group]);
    shelf.slots_a_piece = std::clamp<size_t>(kPieceBytes / pool->block_bytes, 1, std::max<size_t>(1, shelf.slots));
    shelf.pieces.resize((shelf.slots + shelf.slots_a_piece - 1) / shelf.slots_a_piece);
  }
}

std::byte* GpuSwapSpace::slot_of(const SwapCopy& copy, size_t block_bytes) {
  Shelf& shelf = shelves_[static_cast<size_t>(copy.group)];
  const size_t index = copy.slot / shelf.slots_a_piece, first = index * shelf.slots_a_piece;
  std::optional<gpu::HostBuffer>& piece = shelf.pieces[index];
  if (!piece) piece.emplace(device_, std::min(shelf.slots_a_piece, shelf.slots - first) * block_bytes);
  return piece->as<std::byte>((copy.slot - first) * block_bytes);
}

void GpuSwapSpace::swap_out(std::span<const SwapCopy> copies) {
  device_.use();
  for (const SwapCopy& copy : copies) {
    const GpuKvPool* const pool = pools_.of_group(copy.group);
    if (pool == nullptr) continue;
    const size_t bytes = pool->block_bytes;
    pool->memory.begin_download(slot_of(copy, bytes), bytes, copy.block * bytes);
  }
}

void GpuSwapSpace::swap_in(std::span<const SwapCopy> copies) {
  device_.use();
  lane_.follow_device();
  is_coming_in_ = true;
  for (const SwapCopy& copy : copies) {
    GpuKvPool* const pool = pools_.of_group(copy.group);
    if (pool == nullptr) continue;
    const size_t bytes = pool->block_bytes;
    pool->memory.begin_upload(slot_of(copy, bytes), bytes, copy.block * bytes, lane_.stream());
  }
}

void GpuSwapSpace::await_swap_in() {
  if (!is_coming_in_) return;
  device_.use();
  lane_.let_device_follow();
  is_coming_in_ = false;
}

}  // namespace estoc
