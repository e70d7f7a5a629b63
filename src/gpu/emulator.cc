#include "gpu/emulator.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <vector>

#include "gpu/device.h"
#include "gpu/emulated_kernel.h"
#include "gpu/fibers.h"

namespace estoc::gpu {
namespace {

using Work = std::function<Result()>;

constexpr int wave_lanes(EmulatedCard card) { return card == EmulatedCard::gfx942 ? 64 : 32; }
constexpr const char* name_of(EmulatedCard card) {
  constexpr const char* kNames[] = {"emulator", "emulator of gfx942", "emulator of gfx1100", "emulator of gfx1201"};
  return kNames[static_cast<int>(card)];
}

struct Stream {
  bool is_capturing = false;
  std::vector<Work> captured;
  bool is_late = false;
  std::deque<Work> late;    // what is still to be done
  uint64_t late_count = 0;  // that ever was

  // All but what was put on it behind the first `count`.
  Result catch_up(uint64_t count) {
    while (!late.empty() && late_count - late.size() < count) {
      const Work work = std::move(late.front());
      late.pop_front();
      if (const Result result = work(); result != 0) return result;
    }
    return 0;
  }
};

struct Graph {
  std::vector<Work> works;
};

struct Event {
  std::chrono::steady_clock::time_point when;
  Stream* stream = nullptr;
  uint64_t late_count = 0;  // of the stream, then
};

int64_t launches_from_environment() {
  const char* const text = std::getenv("GPU_EMULATOR_LAUNCHES");
  return text == nullptr ? -1 : std::atoll(text);
}

struct State {
  std::mutex mutex;
  int64_t launches_left = launches_from_environment();
  std::map<Address, size_t> allocations;
  uint64_t seed = 0;
  uint64_t launches = 0;
  bool makes_late_streams = false;
  std::string fault;
  Stream default_stream;
};

State& state() {
  static State instance;
  return instance;
}

Stream& stream_of(Handle stream) { return stream == nullptr ? state().default_stream : *static_cast<Stream*>(stream); }

Result enqueue(Handle stream, Work work) {
  Stream& target = stream_of(stream);
  if (!target.is_capturing && !target.is_late) return work();
  if (target.is_capturing) {
    target.captured.push_back(std::move(work));
  } else {
    target.late.push_back(std::move(work));
    ++target.late_count;
  }
  return 0;
}

// A launch with its arguments copied, as a driver does when the launch is made.
struct Launch {
  EmulatedCard card;
  const EmulatedKernel* kernel;
  LaunchConfig config;
  unsigned cluster;  // blocks that run together
  std::vector<std::vector<std::byte>> arguments;

  Result run() {
    if (state().launches_left == 0) {
      state().fault = "the emulator was told to lose its device";
      return kLaunchFailed;
    }
    if (state().launches_left > 0) --state().launches_left;
    std::vector<void*> pointers;
    for (auto& argument : arguments) pointers.push_back(argument.data());
    const uint64_t seed = state().seed == 0 ? 0 : state().seed * 1'000'003 + ++state().launches;
    std::vector<unsigned> clusters(static_cast<size_t>(config.grid_x) * config.grid_y / cluster);
    for (size_t i = 0; i < clusters.size(); ++i) clusters[i] = static_cast<unsigned>(i) * cluster;
    std::mt19937_64 random(seed);
    if (seed != 0) std::shuffle(clusters.begin(), clusters.end(), random);
    for (const unsigned block : clusters) {
      const int x = static_cast<int>(block % config.grid_x), y = static_cast<int>(block / config.grid_x);
      const int threads = static_cast<int>(config.block_x) * kWarpThreads / wave_lanes(card),
                together = static_cast<int>(cluster);
      for (int rank = 0; rank < together; ++rank) {
        emulated_block(rank).begin(card, x + rank, y, static_cast<int>(config.grid_x), threads, config.shared_bytes);
      }
      const fibers::Outcome outcome =
          fibers::run_cluster(together, threads, seed == 0 ? 0 : random() | 1, [&] { kernel->call(pointers.data()); });
      if (!outcome.is_done) {
        state().fault = std::string(kernel->name) + ", block " + std::to_string(x + outcome.rank) + "," +
                        std::to_string(y) + ", " + outcome.fault;
        return kLaunchFailed;
      }
    }
    return 0;
  }
};

// Blocks that a launch wants to run together.
unsigned cluster_of(const LaunchConfig& config) {
  for (unsigned i = 0; i < config.attribute_count; ++i) {
    if (config.attributes[i].id == kClusterDimension) return config.attributes[i].value.dimension[0];
  }
  return 1;
}

bool is_launchable(const LaunchConfig& config, const EmulatedKernel& kernel, EmulatedCard card) {
  const unsigned cluster = cluster_of(config);
  if (cluster == 0 || cluster > static_cast<unsigned>(fibers::kClusterMax) || config.grid_x % cluster != 0)
    return false;
  if (card != EmulatedCard::hopper && cluster > 1) return false;
  const int lanes = static_cast<int>(config.block_x), wave = wave_lanes(card);
  return config.grid_x > 0 && config.grid_y > 0 && config.grid_z == 1 && config.block_y == 1 && config.block_z == 1 &&
         lanes > 0 && lanes % wave == 0 && lanes <= kernel.threads_max * (wave / kWarpThreads) &&
         config.shared_bytes <= (card == EmulatedCard::hopper ? EmulatedBlock::kSharedBytes : size_t{64} << 10);
}

#define ESTOC_LOCKED const std::lock_guard<std::mutex> lock(state().mutex)

Result init(unsigned) { return 0; }
Result driver_version(int* version) { return *version = 0, 0; }
// Several devices, which are one: what is placed on two of them is told apart by nothing but their contexts.
constexpr int kDevices = 4;
Result device_count(int* count) { return *count = kDevices, 0; }
Result device_get(int* device, int index) {
  return *device = index, index >= 0 && index < kDevices ? 0 : kInvalidValue;
}
template <EmulatedCard kCard>
Result device_name_of(char* name, int length, int) {
  std::strncpy(name, name_of(kCard), static_cast<size_t>(length));
  return 0;
}
template <EmulatedCard kCard>
Result device_attribute_of(int* value, int attribute, int) {
  switch (static_cast<DeviceAttribute>(attribute)) {
    case DeviceAttribute::wave_lanes:
      return *value = wave_lanes(kCard), 0;
    case DeviceAttribute::multiprocessors:
      return *value = 4, 0;
    case DeviceAttribute::l2_bytes:
      return *value = 1 << 20, 0;
    case DeviceAttribute::major:
      return *value = kCard == EmulatedCard::hopper ? 9 : 0, 0;
    case DeviceAttribute::minor:
      return *value = 0, 0;
  }
  return kInvalidValue;
}
Result context_retain(Handle* context, int) { return *context = &state(), 0; }
Result context_release(int) { return 0; }
Result context_use(Handle) { return 0; }
Result context_synchronize() { return 0; }
Result memory_info(size_t* free, size_t* total) { return *free = *total = size_t{1} << 30, 0; }

Result module_load(Handle* module, const void*) { return *module = &state(), 0; }
Result module_unload(Handle) { return 0; }
// Kernels that have a form for warpgroup products are found in their other one where a card has none. Some attention
// has the other one only, that of heads of 256 for cards of NVIDIA.
template <EmulatedCard kCard>
const EmulatedKernel* find_kernel(std::string name) {
  if (name == "attention_prompt_256") return kCard == EmulatedCard::hopper ? EmulatedKernel::find(name) : nullptr;
  if (name.ends_with("_capped")) return EmulatedKernel::find(name);
  for (const std::string prefix : {"gemm_", "attention_prompt_", "matrix_rate_"}) {
    const bool has_two =
        kCard != EmulatedCard::hopper && name.starts_with(prefix) && !name.starts_with(prefix + "mma_");
    if (has_two) name.insert(prefix.size(), "mma_");
  }
  return EmulatedKernel::find(name);
}
template <EmulatedCard kCard>
Result module_function_of(Handle* function, Handle, const char* name) {
  const EmulatedKernel* kernel = find_kernel<kCard>(name);
  *function = const_cast<EmulatedKernel*>(kernel);
  return kernel == nullptr ? kNotFound : 0;
}
Result function_attribute(Handle, int, int) { return 0; }
Result function_blocks(int* blocks, Handle, int, size_t) { return *blocks = 1, 0; }

Result memory_allocate(Address* address, size_t bytes) {
  ESTOC_LOCKED;
  void* memory = bytes == 0 ? nullptr : std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  if (memory == nullptr) return bytes == 0 ? kInvalidValue : kOutOfMemory;
  std::memset(memory, 0xFF, bytes);
  *address = reinterpret_cast<Address>(memory);
  state().allocations[*address] = bytes;
  return 0;
}
Result memory_free(Address address) {
  ESTOC_LOCKED;
  if (state().allocations.erase(address) == 0) return kInvalidValue;
  std::free(reinterpret_cast<void*>(address));
  return 0;
}
Result host_allocate(void** memory, size_t bytes, unsigned) {
  *memory = std::aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
  return *memory == nullptr ? kOutOfMemory : 0;
}
Result host_free(void* memory) { return std::free(memory), 0; }
Result host_address(Address* address, void* memory, unsigned) {
  return *address = reinterpret_cast<Address>(memory), 0;
}

// Whether [address, address + bytes) lies in one allocation. The lock is held.
bool is_allocated(Address address, size_t bytes) {
  auto after = state().allocations.upper_bound(address);
  if (after == state().allocations.begin()) return false;
  const auto& [begin, size] = *--after;
  return address - begin <= size && bytes <= size - (address - begin);
}

Result copy_to_device(Address to, const void* from, size_t bytes, Handle stream) {
  ESTOC_LOCKED;
  if (!is_allocated(to, bytes)) return kInvalidValue;
  return enqueue(stream, [=] { return std::memcpy(reinterpret_cast<void*>(to), from, bytes), 0; });
}
Result copy_to_host(void* to, Address from, size_t bytes, Handle stream) {
  ESTOC_LOCKED;
  if (!is_allocated(from, bytes)) return kInvalidValue;
  return enqueue(stream, [=] { return std::memcpy(to, reinterpret_cast<const void*>(from), bytes), 0; });
}
Result copy_on_device(Address to, Address from, size_t bytes, Handle stream) {
  ESTOC_LOCKED;
  if (!is_allocated(from, bytes) || !is_allocated(to, bytes)) return kInvalidValue;
  return enqueue(stream,
                 [=] { return std::memmove(reinterpret_cast<void*>(to), reinterpret_cast<void*>(from), bytes), 0; });
}
Result fill_words(Address to, unsigned word, size_t words, Handle stream) {
  ESTOC_LOCKED;
  if (!is_allocated(to, words * 4)) return kInvalidValue;
  return enqueue(stream, [=] { return std::fill_n(reinterpret_cast<unsigned*>(to), words, word), 0; });
}

Result stream_create(Handle* stream, unsigned) {
  ESTOC_LOCKED;
  auto made = std::make_unique<Stream>();
  made->is_late = state().makes_late_streams;
  return *stream = made.release(), 0;
}
Result stream_destroy(Handle stream) { return delete static_cast<Stream*>(stream), 0; }
Result stream_synchronize(Handle stream) {
  ESTOC_LOCKED;
  return stream_of(stream).catch_up(UINT64_MAX);
}
Result stream_wait(Handle stream, Handle event, unsigned) {
  ESTOC_LOCKED;
  const Event at = *static_cast<Event*>(event);
  if (at.stream == nullptr) return 0;
  return enqueue(stream, [at] { return at.stream->catch_up(at.late_count); });
}
Result event_create(Handle* event, unsigned) { return *event = new Event, 0; }
Result event_destroy(Handle event) { return delete static_cast<Event*>(event), 0; }
Result event_record(Handle event, Handle stream) {
  ESTOC_LOCKED;
  Stream& at = stream_of(stream);
  return *static_cast<Event*>(event) = {std::chrono::steady_clock::now(), &at, at.late_count}, 0;
}
Result event_synchronize(Handle event) {
  ESTOC_LOCKED;
  const Event& at = *static_cast<Event*>(event);
  return at.stream == nullptr ? 0 : at.stream->catch_up(at.late_count);
}
Result event_elapsed(float* milliseconds, Handle from, Handle to) {
  const auto elapsed = static_cast<Event*>(to)->when - static_cast<Event*>(from)->when;
  return *milliseconds = std::chrono::duration<float, std::milli>(elapsed).count(), 0;
}

template <EmulatedCard kCard>
Result launch_of(const LaunchConfig* config, Handle function, void** arguments, void**) {
  ESTOC_LOCKED;
  const auto* kernel = static_cast<const EmulatedKernel*>(function);
  if (!is_launchable(*config, *kernel, kCard)) return kInvalidValue;
  Launch launch{kCard, kernel, *config, cluster_of(*config), {}};
  launch.config.attributes = nullptr;
  for (size_t i = 0; i < kernel->argument_sizes.size(); ++i) {
    const auto* bytes = static_cast<const std::byte*>(arguments[i]);
    launch.arguments.emplace_back(bytes, bytes + kernel->argument_sizes[i]);
  }
  return enqueue(config->stream, [launch = std::move(launch)]() mutable { return launch.run(); });
}

Result capture_begin(Handle stream, int) {
  ESTOC_LOCKED;
  Stream& target = stream_of(stream);
  if (target.is_capturing) return kInvalidValue;
  target.is_capturing = true;
  return 0;
}
Result capture_end(Handle stream, Handle* graph) {
  ESTOC_LOCKED;
  Stream& target = stream_of(stream);
  if (!target.is_capturing) return kInvalidValue;
  target.is_capturing = false;
  *graph = new Graph{std::exchange(target.captured, {})};
  return 0;
}
Result graph_instantiate(Handle* exec, Handle graph, unsigned long long) {
  return *exec = new Graph(*static_cast<Graph*>(graph)), 0;
}
Result graph_upload(Handle, Handle) { return 0; }
Result graph_launch(Handle exec, Handle stream) {
  ESTOC_LOCKED;
  for (Work& work : static_cast<Graph*>(exec)->works) {
    if (const Result result = enqueue(stream, work); result != 0) return result;
  }
  return 0;
}
Result graph_exec_destroy(Handle exec) { return delete static_cast<Graph*>(exec), 0; }
Result graph_destroy(Handle graph) { return delete static_cast<Graph*>(graph), 0; }

Result error_name(Result result, const char** name) {
  *name = result == kOutOfMemory ? "OUT_OF_MEMORY" : result == kLaunchFailed ? "LAUNCH_FAILED" : "INVALID";
  return 0;
}
Result error_text(Result, const char** text) {
  thread_local std::string fault;
  fault = state().fault;
  return *text = fault.c_str(), 0;
}

template <EmulatedCard kCard>
Driver make_table() {
  const auto device_name = device_name_of<kCard>;
  const auto device_attribute = device_attribute_of<kCard>;
  const auto module_function = module_function_of<kCard>;
  const auto launch = launch_of<kCard>;
  Driver driver;
  driver.name = name_of(kCard);
#define ESTOC_FILL(field, symbol, arguments) driver.field = field;
  ESTOC_DRIVER_FUNCTIONS(ESTOC_FILL)
#undef ESTOC_FILL
  return driver;
}

}  // namespace

// Of emulated_decode_kernels.cc and its siblings: naming them here makes the linker take those files.
void keep_emulated_decode_kernels();
void keep_emulated_expert_kernels();
void keep_emulated_prompt_kernels();
void keep_emulated_row_kernels();

const Driver& emulator(EmulatedCard card) {
  static const Driver drivers[] = {make_table<EmulatedCard::hopper>(), make_table<EmulatedCard::gfx942>(),
                                   make_table<EmulatedCard::gfx1100>(), make_table<EmulatedCard::gfx1201>()};
  keep_emulated_decode_kernels();
  keep_emulated_expert_kernels();
  keep_emulated_prompt_kernels();
  keep_emulated_row_kernels();
  return drivers[static_cast<int>(card)];
}

void set_emulator_late_streams(bool are_late) {
  ESTOC_LOCKED;
  state().makes_late_streams = are_late;
}

void set_emulator_launches(int64_t left) {
  ESTOC_LOCKED;
  state().launches_left = left;
}

void set_emulator_seed(uint64_t seed) {
  ESTOC_LOCKED;
  state().seed = seed;
  state().launches = 0;
}

std::string emulator_fault() {
  ESTOC_LOCKED;
  return state().fault;
}

}  // namespace estoc::gpu
