// Brings matrices from a file to a device: its own bytes through pinned memory, repacked there.
//
// What: two pieces of staging memory take turns, so that the host copies one while the device takes in and repacks the
// other. Nothing but the file's mapping and the device has a matrix as a whole.
// Ownership: borrows device and team; owns the staging memory. Threads: one; the team works for it. Errors: put throws
// Error{resource_exhausted, io}.
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "base/thread_team.h"
#include "gpu/accelerator.h"
#include "gpu_layers/device_form.h"

namespace estoc {

// A matrix as rows of one format, in the order in which the device has them.
struct RowSource {
  int64_t rows = 0, columns = 0;
  int64_t row_bytes = 0;
  std::function<const std::byte*(int64_t)> row;  // any thread
};

class WeightUpload {
 public:
  WeightUpload(const gpu::Accelerator& device, ThreadTeam& team);
  ~WeightUpload();
  WeightUpload(const WeightUpload&) = delete;
  WeightUpload& operator=(const WeightUpload&) = delete;

  // Begins; the last pieces are on their way when it returns. `to` has matrix_bytes() of the form.
  void put(const DeviceForm& form, const RowSource& source, gpu::u8* to);
  // Waits for all that was put.
  void finish();

 private:
  static constexpr size_t kPieceBytes = size_t{16} << 20;

  struct Piece {
    Piece(const gpu::Device& device, size_t bytes) : host(device, bytes), device(device, bytes), taken(device) {}
    gpu::HostBuffer host;
    gpu::Buffer device;
    gpu::Event taken;  // the device is done with both
    bool is_used = false;
  };

  const gpu::Accelerator& device_;
  ThreadTeam& team_;
  std::array<Piece, 2> pieces_;
  int turn_ = 0;
};

}  // namespace estoc
