#include "gpu_layers/weight_upload.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "gpu/source/repack.h"

namespace estoc {
WeightUpload::WeightUpload(const gpu::Accelerator& device, ThreadTeam& team)
    : device_(device), team_(team), pieces_{Piece(device.device(), kPieceBytes), Piece(device.device(), kPieceBytes)} {}

WeightUpload::~WeightUpload() {
  device_.device().driver().stream_synchronize(device_.device().stream());  // what is on its way reads the pieces
}

void WeightUpload::put(const DeviceForm& form, const RowSource& source, gpu::u8* to) {
  const auto row_bytes = static_cast<size_t>(source.row_bytes);
  const int columns = static_cast<int>(source.columns);
  const int64_t fit = static_cast<int64_t>(kPieceBytes / row_bytes) / gpu::kTileRows * gpu::kTileRows;
  ESTOC_CHECK(fit > 0);
  for (int64_t begin = 0; begin < source.rows; begin += fit) {
    const int64_t rows = std::min(fit, source.rows - begin);
    Piece& piece = pieces_[static_cast<size_t>(turn_)];
    turn_ = 1 - turn_;
    if (piece.is_used) piece.taken.wait();
    team_.parallel_for(rows, 1, [&](int64_t first, int64_t end, int) {
      for (int64_t r = first; r < end; ++r) {
        std::memcpy(piece.host.as<std::byte>(static_cast<size_t>(r) * row_bytes), source.row(begin + r), row_bytes);
      }
    });
    piece.device.begin_upload(piece.host.as<std::byte>(), static_cast<size_t>(rows) * row_bytes);
    const gpu::RepackArguments arguments{piece.device.as<gpu::u8>(),
                                         to + begin / gpu::kTileRows * gpu::tile_row_bytes(form.form, columns),
                                         static_cast<int>(rows), columns};
    device_.launch(form.repack,
                   {.blocks = gpu::repack_blocks(static_cast<int>(rows), columns),
                    .threads = gpu::kRepackThreads,
                    .may_overlap = false},
                   arguments);
    piece.taken.record(device_.device().stream());
    piece.is_used = true;
  }
}

void WeightUpload::finish() { device_.device().synchronize(); }

}  // namespace estoc
