// What the emulator knows of a kernel, and the block that is running.
//
// KERNEL (source/device.h) makes an EmulatedKernel of every kernel it defines; they find themselves in one list by
// name. The list is made before main and only read afterwards.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "gpu/fibers.h"

namespace estoc::gpu {

// What the emulator is: its matrix products are made of that card's instructions.
enum class EmulatedCard { hopper, gfx942, gfx1100, gfx1201 };

// Calls a kernel with arguments as the driver's launch takes them: one pointer an argument.
template <auto kFunction>
struct EmulatedCall;
template <class... Arguments, void (*kFunction)(Arguments...)>
struct EmulatedCall<kFunction> {
  static void call(void* const* arguments) { spread(arguments, std::index_sequence_for<Arguments...>{}); }
  static std::vector<size_t> sizes() { return {sizeof(Arguments)...}; }

 private:
  template <size_t... i>
  static void spread([[maybe_unused]] void* const* arguments, std::index_sequence<i...>) {
    kFunction(*static_cast<Arguments*>(arguments[i])...);
  }
};

class EmulatedKernel {
 public:
  EmulatedKernel(const char* name, void (*call)(void* const*), std::vector<size_t> sizes, int threads_max);
  static const EmulatedKernel* find(std::string_view name);  // null when there is none

  const char* name;
  void (*call)(void* const*);
  std::vector<size_t> argument_sizes;
  int threads_max;

 private:
  const EmulatedKernel* next_;
};

// A running block: where it is in the grid, and its shared memory, every byte 0xFF (NaN) at its start.
class EmulatedBlock {
 public:
  static constexpr size_t kSharedBytes = 227 << 10;

  // One shared object of a kernel: found again by all threads of a block, placed anew in the next.
  struct Object {
    size_t block[fibers::kClusterMax] = {};  // by its rank in the cluster
    void* at[fibers::kClusterMax] = {};
  };

  void begin(EmulatedCard on_card, int block_x, int block_y, int grid, int block_threads, size_t dynamic_bytes);
  void* object(Object& object, size_t bytes);
  void* dynamic() { return memory_; }
  unsigned address(const void* p) const;  // offset in shared memory
  const void* at(unsigned address) const;
  // The same place in the shared memory of another block of the cluster. Faults where that may not be there: before the
  // cluster has met at its barrier, and when the other block has ended.
  void* in_block(int rank, const void* p) const;

  // A product of this thread is running and still reads `fragment`; `committed` ends a group of them.
  void product_began(const unsigned* fragment, int words);
  void products_committed();
  // All but the last `left` groups are done: a fragment that is no longer what it was then faults.
  void products_done(int left);

  EmulatedCard card = EmulatedCard::hopper;
  int x = 0, y = 0, grid_x = 0, threads = 0;

 private:
  struct Product {
    int group;
    const unsigned* fragment;
    std::vector<unsigned> words;
  };
  struct ThreadProducts {
    int groups = 0;  // committed so far
    std::vector<Product> running;
  };
  std::vector<ThreadProducts> products_;  // [thread]
  size_t number_ = 0, used_ = 0;
  alignas(1024) unsigned char memory_[kSharedBytes];
};

EmulatedBlock& emulated_block();          // the one whose thread runs
EmulatedBlock& emulated_block(int rank);  // of the cluster

}  // namespace estoc::gpu
