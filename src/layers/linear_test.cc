// Linear layers whose matrix is a slice of a fused tensor.
#include "layers/linear.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/thread_team.h"
#include "weights/gguf_source.h"
#include "weights/gguf_writer.h"
#include "weights/test_naming_rules.h"

namespace estoc {
namespace {

constexpr int64_t kHidden = 64, kQueries = 32, kKeys = 16;

// q and k, and the same rows as one tensor.
std::string file(const QuantFormat& format) {
  std::vector<float> values(static_cast<size_t>((kQueries + kKeys) * kHidden));
  for (size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<float>(i * i % 997));
  std::string data(static_cast<size_t>(format.row_bytes(std::ssize(values))), '\0');
  format.encode(values.data(), reinterpret_cast<std::byte*>(data.data()), std::ssize(values));
  const auto cut = static_cast<size_t>(format.row_bytes(kQueries * kHidden));
  const auto id = static_cast<uint32_t>(format.gguf_id);
  GgufWriter writer;
  writer.set("general.architecture", GgufValue::string("plain"));
  writer.add_tensor(GgufWriter::Tensor{"qk.weight", {kQueries + kKeys, kHidden}, id, data, {}});
  writer.add_tensor(GgufWriter::Tensor{"q.weight", {kQueries, kHidden}, id, data.substr(0, cut), {}});
  writer.add_tensor(GgufWriter::Tensor{"k.weight", {kKeys, kHidden}, id, data.substr(cut), {}});
  writer.add_tensor("k.bias", {kKeys});
  return writer.text();
}

std::vector<float> product(const Compute& compute, const Linear& linear) {
  Rows x(5, kHidden), out(5, linear.weight().rows());
  x.reset(5);
  for (int64_t i = 0; i < 5 * kHidden; ++i) x.row(i / kHidden)[i % kHidden] = std::cos(static_cast<float>(i));
  const DecodeScratch scratch(compute.team.thread_count(), kHidden);
  const LinearOutput output{&linear, &out};
  forward(compute, x, {&output, 1}, scratch);
  std::vector<float> values;
  for (int64_t r = 0; r < 5; ++r) values.insert(values.end(), out.row(r), out.row(r) + out.columns());
  return values;
}

TEST(Linear, OfASliceIsTheLinearOfTheseRows) {
  ThreadTeam team(2);
  const Compute compute{team, kernels::table()};
  for (const char* format : {"f16", "q4_0", "q8_0"}) {
    const std::string bytes = file(*find_format(format));
    const auto source = gguf_from_memory(as_bytes(bytes), "m.gguf", test_naming_rules());
    for (const ComputeMode mode : {ComputeMode::exact, ComputeMode::fast}) {
      LoadContext load{.source = *source, .naming = *test_naming_rules()[0], .mode = mode, .compute = compute};
      const Linear q(load, "q", kQueries, kHidden), k(load, "k", kKeys, kHidden);
      const MatrixView fused = load_matrix(load, "qk", kQueries + kKeys, kHidden);
      const Linear fused_q(load, fused.slice_rows(0, kQueries), {});
      const Linear fused_k(load, fused.slice_rows(kQueries, kKeys), load_vector(load, "k.bias", kKeys));
      EXPECT_EQ(product(compute, fused_q), product(compute, q)) << format;
      EXPECT_EQ(product(compute, fused_k), product(compute, k)) << format;
      EXPECT_TRUE(load.unused().empty());
    }
  }
}

}  // namespace
}  // namespace estoc
