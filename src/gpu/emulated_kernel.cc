#include "gpu/emulated_kernel.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "gpu/fibers.h"

namespace estoc::gpu {
namespace {

const EmulatedKernel* g_first = nullptr;  // constant-initialized, so it is there before the kernels' constructors run

}  // namespace

EmulatedKernel::EmulatedKernel(const char* kernel_name, void (*kernel_call)(void* const*), std::vector<size_t> sizes,
                               int kernel_threads_max)
    : name(kernel_name),
      call(kernel_call),
      argument_sizes(std::move(sizes)),
      threads_max(kernel_threads_max),
      next_(g_first) {
  g_first = this;
}

const EmulatedKernel* EmulatedKernel::find(std::string_view name) {
  for (const EmulatedKernel* kernel = g_first; kernel != nullptr; kernel = kernel->next_) {
    if (kernel->name == name) return kernel;
  }
  return nullptr;
}

void EmulatedBlock::begin(EmulatedCard on_card, int block_x, int block_y, int grid, int block_threads,
                          size_t dynamic_bytes) {
  card = on_card;
  x = block_x;
  y = block_y;
  grid_x = grid;
  threads = block_threads;
  ++number_;
  used_ = (dynamic_bytes + 15) / 16 * 16;
  std::memset(memory_, 0xFF, sizeof(memory_));
  products_.assign(static_cast<size_t>(block_threads), {});
}

void EmulatedBlock::product_began(const unsigned* fragment, int words) {
  ThreadProducts& mine = products_[static_cast<size_t>(fibers::thread_index())];
  mine.running.push_back({mine.groups, fragment, {fragment, fragment + words}});
}

void EmulatedBlock::products_committed() { ++products_[static_cast<size_t>(fibers::thread_index())].groups; }

void EmulatedBlock::products_done(int left) {
  ThreadProducts& mine = products_[static_cast<size_t>(fibers::thread_index())];
  std::erase_if(mine.running, [&](const Product& product) {
    if (product.group >= mine.groups - left) return false;
    if (!std::equal(product.words.begin(), product.words.end(), product.fragment)) {
      fibers::fault("a fragment was overwritten while a product still read it");
    }
    return true;
  });
}

void* EmulatedBlock::object(Object& object, size_t bytes) {
  const auto rank = static_cast<size_t>(fibers::block_rank());
  if (object.block[rank] != number_) {
    if (used_ + bytes > kSharedBytes) fibers::fault("more shared memory than a block has");
    object.block[rank] = number_;
    object.at[rank] = memory_ + used_;
    used_ += (bytes + 15) / 16 * 16;
  }
  return object.at[rank];
}

unsigned EmulatedBlock::address(const void* p) const {
  const auto* byte = static_cast<const unsigned char*>(p);
  if (byte < memory_ || byte >= memory_ + kSharedBytes) fibers::fault("a shared address that is not in shared memory");
  return static_cast<unsigned>(byte - memory_);
}

const void* EmulatedBlock::at(unsigned address) const {
  if (address >= kSharedBytes) fibers::fault("a shared address beyond shared memory");
  return memory_ + address;
}

void* EmulatedBlock::in_block(int rank, const void* p) const {
  if (rank < 0 || rank >= fibers::cluster_blocks()) fibers::fault("shared memory of a block that the cluster has not");
  EmulatedBlock& other = emulated_block(rank);
  if (&other != this && !fibers::has_cluster_met()) {
    fibers::fault("shared memory of another block before the cluster has met at its barrier");
  }
  if (!fibers::is_running(rank)) fibers::fault("shared memory of a block that has ended");
  return other.memory_ + address(p);
}

EmulatedBlock& emulated_block(int rank) {
  static thread_local std::unique_ptr<EmulatedBlock> blocks[fibers::kClusterMax];
  auto& block = blocks[rank];
  if (block == nullptr) block = std::make_unique<EmulatedBlock>();
  return *block;
}

EmulatedBlock& emulated_block() { return emulated_block(fibers::block_rank()); }

}  // namespace estoc::gpu
