// The selective scan's reference, row by row. Included inside scalar.cc.

void selective_scan(const SelectiveScan& scan) noexcept {
  for (int64_t r = 0; r < scan.row_count; ++r) {
    const float* const b = scan.b + r * scan.bc_stride;
    const float* const c = scan.c + r * scan.bc_stride;
    for (int64_t i = 0; i < scan.columns; ++i) {
      const float x = scan.x[r * scan.x_stride + i], raw = scan.raw_steps[r * scan.step_stride + i];
      const float step = std::max(raw, 0.0f) + std::log1p(std::exp(-std::fabs(raw)));
      const int64_t in_block = i % kScanBlock;
      const int64_t first = (i - in_block) * scan.state_size + in_block;
      float sum = scan.skip[i] * x;
      for (int64_t n = 0; n < scan.state_size; ++n) {
        float& kept = scan.state[first + n * kScanBlock];
        kept = std::exp(step * scan.rates[first + n * kScanBlock]) * kept + step * b[n] * x;
        sum += c[n] * kept;
      }
      scan.out[r * scan.out_stride + i] = sum;
    }
  }
}
