// Packing: a matrix's own integer codes and scales into the panels of kernels/panels.h, or those of another format that
// its values are rounded to.
#pragma once

#include "kernels/panels.h"
#include "weights/matrix_view.h"

namespace estoc {

// Writes panel `panel` (panels.panel_bytes() bytes) at `target`. `format` is the matrix's own, whose numbers are kept,
// or one with an encoder; it must have an affine view that matches `panels`. Pure; call for different panels from
// different threads.
void pack_panel(const MatrixView& matrix, const QuantFormat& format, const kernels::PanelMatrix& panels, int64_t panel,
                std::byte* target);

}  // namespace estoc
