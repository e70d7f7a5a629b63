// A kernel at one shape with all that it reads and writes on a device: compared with its reference, and launched again
// and again to be timed.
//
// Ownership: a trial owns its memory and borrows device and module. Threads: the device's one. Errors: Error{io,
// resource_exhausted} of the device, when it is made or launched.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gpu/trials/checks.h"

namespace estoc::gpu {

// How much one launch does at least.
struct TrialWork {
  double bytes = 0;  // to be read from and written to the device's memory
  double flops = 0;  // by matrix units, a product and a sum counted apart
};

struct Trial {
  TrialWork work;
  // Compares one launch with the reference. Before any other launch: what kernels add to is then as it was drawn.
  std::function<Check()> check;
  // Puts a launch on the device's stream; the turn chooses among copies of what it reads.
  std::function<void(int turn)> launch;
};

// Of a state that has launch(turn) and check().
template <class State>
Trial trial_of(std::shared_ptr<State> state, TrialWork work) {
  return {
      .work = work, .check = [state] { return state->check(); }, .launch = [state](int turn) { state->launch(turn); }};
}

// The same bytes again and again, so that what is read in turn is in no cache.
class Copies {
 public:
  Copies(const Device& device, const std::vector<uint8_t>& bytes, int count);
  const u8* at(int turn) const { return memory_.as<u8>(static_cast<size_t>(turn % count_) * stride_); }
  u8* at(int turn) { return memory_.as<u8>(static_cast<size_t>(turn % count_) * stride_); }
  // What a copy is now.
  std::vector<uint8_t> values(int turn) const;

 private:
  size_t bytes_, stride_;
  int count_;
  Buffer memory_;
};

}  // namespace estoc::gpu
