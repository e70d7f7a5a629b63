// The state space layer's reference, row by row. Included inside scalar.cc.

void ssd_rows(const SsdHeads& ssd) noexcept {
  for (int64_t r = 0; r < ssd.row_count; ++r) {
    const float* const b = ssd.b + r * ssd.bc_stride;
    const float* const c = ssd.c + r * ssd.bc_stride;
    for (int64_t h = 0; h < ssd.heads; ++h) {
      const float* const x = ssd.x + r * ssd.x_stride + h * ssd.head_dim;
      float* const out = ssd.out + r * ssd.out_stride + h * ssd.head_dim;
      float* const state = ssd.state + h * ssd.state_size * ssd.head_dim;
      const float step = ssd.steps[r * ssd.step_stride + h], decay = ssd.decays[r * ssd.step_stride + h];
      for (int64_t d = 0; d < ssd.head_dim; ++d) {
        float sum = ssd.skip[h] * x[d];
        for (int64_t n = 0; n < ssd.state_size; ++n) {
          float& kept = state[n * ssd.head_dim + d];
          kept = decay * kept + step * b[n] * x[d];
          sum += c[n] * kept;
        }
        out[d] = sum;
      }
    }
  }
}

void ssd_steps(const SsdSteps& ssd) noexcept {
  for (int64_t h = 0; h < ssd.heads; ++h) {
    const float x = ssd.raw[h] + ssd.bias[h];
    const float softplus = std::max(x, 0.0f) + std::log1p(std::exp(-std::fabs(x)));
    ssd.steps[h] = std::min(std::max(softplus, ssd.least), ssd.most);
    ssd.decays[h] = std::exp(ssd.steps[h] * ssd.rates[h]);
  }
}
