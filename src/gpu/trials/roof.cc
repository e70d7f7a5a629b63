#include "gpu/trials/roof.h"

#include <algorithm>

#include "gpu/source/matrix_rate.h"
#include "gpu/trials/prompt_checks.h"
#include "gpu/trials/timing.h"

namespace estoc::gpu {
namespace {

constexpr int kCopyThreads = 512;  // of copy_memory

// Random bytes: zeros would be faster. A pattern as long as no cache line repeats it, again and again.
Buffer random_memory(const Device& device, size_t bytes, Random& random) {
  std::vector<uint64_t> words(std::min<size_t>(bytes, size_t{16} << 20) / 8);
  for (uint64_t& word : words) word = random();
  Buffer memory(device, bytes);
  for (size_t at = 0; at < bytes; at += words.size() * 8) {
    memory.upload(words.data(), std::min(words.size() * 8, bytes - at), at);
  }
  return memory;
}

void measure_memory(const Device& device, const Module& module, bool is_small, Random& random, Roofs& roofs) {
  const size_t bytes = is_small ? 1 << 16 : size_t{2} << 30;
  const Buffer source = random_memory(device, bytes, random);
  Buffer target(device, bytes), sink(device, 4);
  target.fill(kPoison);
  const Handle copy = module.function("copy_memory");
  for (const bool is_copy : {false, true}) {
    for (const int blocks_each : {2, 4, 8}) {
      const auto launch_once = [&](int) {
        const u8* from = source.as<u8>();
        u8* to = is_copy ? target.as<u8>() : nullptr;
        long pieces = static_cast<long>(bytes / 16);
        u32* at = sink.as<u32>();
        void* arguments[] = {&from, &to, &pieces, &at};
        launch_raw(device, copy,
                   {.blocks = device.multiprocessors * blocks_each, .threads = kCopyThreads, .may_overlap = false},
                   arguments);
      };
      const double seconds = seconds_each(device, is_small ? 1 : 2, launch_once, is_small ? 1 : 7);
      double& best = is_copy ? roofs.copy : roofs.read;
      best = std::max(best, static_cast<double>(bytes) * (is_copy ? 2 : 1) / seconds);
    }
  }
  const bool is_same = source.values<uint64_t>() == target.values<uint64_t>();
  roofs.checks.push_back({"copy_memory", is_same ? 0.0 : 1.0, 0});
}

void measure_products(const Device& device, const Module& module, bool is_small, Random& random, Roofs& roofs) {
  constexpr WeightForm kForm = WeightForm::bf16;
  const int tokens = matrix_rate_tokens(device.capability), blocks = device.multiprocessors;
  const auto matrix = draw_matrix(random, kForm, kMatrixRateRows, kMatrixRateColumns);
  const auto x = draw_bf16(random, static_cast<size_t>(tokens) * kMatrixRateColumns);
  const Buffer weights = Buffer::of(device, matrix),
               inputs = Buffer::of(device, to_token_tiles(x, tokens, kMatrixRateColumns, tokens, ColumnOrder::plain));
  Buffer output(device, static_cast<size_t>(blocks) * tokens * kMatrixRateRows * 4);
  const Handle kernel = module.function("matrix_rate_bf16");
  const auto launch_rounds = [&](int rounds) {
    launch(
        device, kernel,
        {.blocks = blocks, .threads = kMatrixRateThreads, .shared_bytes = matrix_rate_shared_bytes(device.capability)},
        MatrixRateArguments{weights.as<u8>(), inputs.as<u8>(), output.as<float>(), rounds});
  };
  output.fill(kPoison);
  launch_rounds(3);
  const auto out = output.values<float>();
  ErrorSum error;
  for (int i = 0; i < 400; ++i) {
    const int block = static_cast<int>(random() % blocks), token = static_cast<int>(random() % tokens),
              row = static_cast<int>(random() % kMatrixRateRows);
    double sum = 0;
    for (int k = 0; k < kMatrixRateColumns; ++k) {
      sum += matrix_value(matrix, kForm, kMatrixRateColumns, row, k) *
             bf16_to_f32(x[static_cast<size_t>(token) * kMatrixRateColumns + k]);
    }
    error.add(out[(static_cast<size_t>(block) * tokens + token) * kMatrixRateRows + row], 3 * sum);
  }
  roofs.checks.push_back({"matrix_rate_bf16", error.relative(), 5e-6});
  const int rounds = is_small ? 2 : 20000;
  const double seconds = seconds_each(device, 1, [&](int) { launch_rounds(rounds); }, is_small ? 1 : 7);
  roofs.products = 2.0 * blocks * tokens * kMatrixRateRows * kMatrixRateColumns * rounds / seconds;
}

}  // namespace

double Roofs::seconds(const TrialWork& work) const { return std::max(work.bytes / read, work.flops / products); }

const char* Roofs::limit_of(const TrialWork& work) const {
  return work.bytes / read >= work.flops / products ? "read" : "products";
}

Roofs measure_roofs(const Device& device, const Module& module, bool is_small, Random& random) {
  Roofs roofs;
  measure_memory(device, module, is_small, random, roofs);
  measure_products(device, module, is_small, random, roofs);
  return roofs;
}

}  // namespace estoc::gpu
