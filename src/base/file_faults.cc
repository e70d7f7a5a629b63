#include "base/file_faults.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <string_view>

#include "base/last_words.h"
#include "base/mutex.h"

namespace estoc {
namespace {

constexpr size_t kPathMax = 512;  // of longer ones the end is shown

struct Mapping {
  std::atomic<const std::byte*> begin{nullptr};  // null: free; written last
  std::atomic<size_t> bytes{0};
  std::array<char, kPathMax> path{};
};

std::array<Mapping, 512> mappings;
Mutex mappings_mutex;  // of those who write; the handler only reads
std::atomic<int> fault_exit_code{0};
struct sigaction action_before{};

const Mapping* mapping_at(const std::byte* address) {
  for (const Mapping& mapping : mappings) {
    const std::byte* begin = mapping.begin.load(std::memory_order_acquire);
    if (begin != nullptr && address >= begin && address < begin + mapping.bytes.load()) return &mapping;
  }
  return nullptr;
}

void on_bus_error(int, siginfo_t* info, void*) {
  const auto* address = static_cast<const std::byte*>(info->si_addr);
  const Mapping* mapping = mapping_at(address);
  if (mapping == nullptr) {
    ::sigaction(SIGBUS, &action_before, nullptr);  // the same access faults again
    return;
  }
  static std::atomic_flag is_told;
  if (is_told.test_and_set()) {
    for (;;) ::pause();  // another thread is about to end the process
  }
  std::array<char, kPathMax + 256> text;
  const auto end = fmt::format_to_n(text.data(), text.size(),
                                    "estoc: {}: byte {} is gone while the file is in use: it was cut short, or its "
                                    "disk cannot be read\n",
                                    mapping->path.data(), address - mapping->begin.load());
  write_last_words({text.data(), std::min(end.size, text.size())});
  ::_exit(fault_exit_code);
}

}  // namespace

void end_on_file_faults(int exit_code) {
  fault_exit_code = exit_code;
  struct sigaction action{};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGBUS, &action, &action_before);
}

void note_mapping(const std::byte* begin, size_t bytes, const std::string& path) {
  const MutexLock lock(mappings_mutex);
  const auto free = std::find_if(mappings.begin(), mappings.end(), [](const Mapping& m) { return m.begin == nullptr; });
  if (free == mappings.end()) return;
  const std::string_view shown = std::string_view(path).substr(path.size() - std::min(path.size(), kPathMax - 1));
  *std::copy(shown.begin(), shown.end(), free->path.begin()) = '\0';
  free->bytes = bytes;
  free->begin.store(begin, std::memory_order_release);
}

void forget_mapping(const std::byte* begin) {
  const MutexLock lock(mappings_mutex);
  const auto found = std::find_if(mappings.begin(), mappings.end(), [&](const Mapping& m) { return m.begin == begin; });
  if (found != mappings.end()) found->begin = nullptr;
}

}  // namespace estoc
