// In which form a device keeps a matrix of a file's format, and the kernel that makes it (gpu/source/repack.h).
// Constant data. Throws Error{unsupported} with tensor, format and what devices read.
#pragma once

#include <cstdint>
#include <string_view>

#include "gpu/source/weight_tile.h"
#include "weights/matrix_view.h"

namespace estoc {

struct DeviceForm {
  std::string_view format;  // "q4_0"
  gpu::WeightForm form;
  const char* repack;  // the kernel
};

// Of a matrix that is to be there as it is in this format, its own or another.
const DeviceForm& device_form_of(const MatrixView& matrix, const QuantFormat& format);

// A row as that kernel reads it: the file's own bytes, or codes with the scales among them that the file keeps apart.
// Those lie in a place of the thread's own, until it asks for the next row.
int64_t staged_row_bytes(const MatrixView& matrix);
const std::byte* staged_row(const MatrixView& matrix, int64_t r);

// As kernels' names spell it: "codes4".
const char* name_of(gpu::WeightForm form);

}  // namespace estoc
