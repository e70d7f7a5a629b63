// One mixture of experts in all the ways in which files keep it: the same answers.
#include "layers/moe.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <list>
#include <random>
#include <string>

#include "kernels/kernels.h"
#include "layers/cpu_scratch.h"
#include "weights/memory_source.h"

namespace estoc {
namespace {

constexpr int kHidden = 64, kWidth = 32, kExperts = 3;

class ExpertTensors final : public MemorySource {
 public:
  ExpertTensors() : MemorySource("memory", "safetensors") {}

  void add(const std::string& name, const char* format, std::vector<int64_t> shape, const std::vector<float>& values) {
    const QuantFormat& stored = *find_format(format);
    std::vector<std::byte>& bytes = bytes_.emplace_back(static_cast<size_t>(stored.row_bytes(std::ssize(values))));
    stored.encode(values.data(), bytes.data(), std::ssize(values));
    add_bytes(name, format, std::move(shape), bytes);
  }
  void add_bytes(const std::string& name, const char* format, std::vector<int64_t> shape,
                 std::vector<std::byte> bytes) {
    WeightTensor& tensor = tensors_.emplace_back();
    tensor.name = tensor.source_name = name;
    tensor.format = find_format(format);
    tensor.shape = std::move(shape);
    tensor.bytes = bytes_.emplace_back(std::move(bytes));
  }

 private:
  std::list<std::vector<std::byte>> bytes_;
};

std::vector<float> random_values(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> draw(0, 0.25f);
  std::vector<float> values(count);
  for (float& value : values) value = draw(random);
  return values;
}

const std::vector<float> kGate = random_values(size_t{kExperts} * kWidth * kHidden, 1),
                         kUp = random_values(size_t{kExperts} * kWidth * kHidden, 2),
                         kDown = random_values(size_t{kExperts} * kHidden * kWidth, 3);

// Row r of expert e of gate and up in one tensor.
std::vector<float> both_rows(bool is_interleaved) {
  std::vector<float> both;
  for (int e = 0; e < kExperts; ++e) {
    for (int r = 0; r < 2 * kWidth; ++r) {
      const bool is_up = is_interleaved ? r % 2 == 1 : r >= kWidth;
      const int row = e * kWidth + (is_interleaved ? r / 2 : r % kWidth);
      const auto from = (is_up ? kUp : kGate).begin() + static_cast<ptrdiff_t>(row) * kHidden;
      both.insert(both.end(), from, from + kHidden);
    }
  }
  return both;
}

std::vector<float> transposed(const std::vector<float>& values, size_t rows, size_t columns) {
  std::vector<float> result(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t matrix = i / (rows * columns), r = i / columns % rows, c = i % columns;
    result[matrix * rows * columns + c * rows + r] = values[i];
  }
  return result;
}

MoeSpec plain_spec() {
  return {.name = "m",
          .rule = {.experts = kExperts, .chosen = 2},
          .router = "m.gate",
          .experts = "m.experts",
          .width = kWidth};
}

std::vector<float> answer(ExpertTensors& source, const MoeSpec& spec, ComputeMode mode) {
  source.add("m.gate.weight", "f32", {kExperts, kHidden}, random_values(size_t{kExperts} * kHidden, 4));
  ThreadTeam team(2);
  const Compute compute{team, kernels::table()};
  const NamingRules naming;
  LoadContext load{.source = source, .naming = naming, .mode = mode, .compute = compute};
  const Moe moe(load, spec, kHidden);
  EXPECT_TRUE(load.unused().empty());
  const LayerSpec layer{.mixer = ShortConvSpec{}, .mlp = spec};
  CpuScratch work({&layer, 1}, kHidden, 0, 0, 0, 20, 2);
  Rows out(20, kHidden);
  std::vector<float> result;
  for (const int64_t rows : {1, 20}) {
    work.normed.reset(rows);
    for (int64_t i = 0; i < rows * kHidden; ++i) {
      work.normed.row(i / kHidden)[i % kHidden] = std::sin(static_cast<float>(i));
    }
    moe.forward(compute, work, {&out, false});
    for (int64_t r = 0; r < rows; ++r) result.insert(result.end(), out.row(r), out.row(r) + kHidden);
  }
  return result;
}

void add_each(ExpertTensors& source) {
  for (int e = 0; e < kExperts; ++e) {
    const std::string name = "m.experts." + std::to_string(e);
    const auto part = [&](const std::vector<float>& values) {
      const ptrdiff_t size = std::ssize(values) / kExperts;
      return std::vector<float>(values.begin() + e * size, values.begin() + (e + 1) * size);
    };
    source.add(name + ".gate_proj.weight", "f32", {kWidth, kHidden}, part(kGate));
    source.add(name + ".up_proj.weight", "f32", {kWidth, kHidden}, part(kUp));
    source.add(name + ".down_proj.weight", "f32", {kHidden, kWidth}, part(kDown));
  }
}

TEST(Moe, LayoutsOfFilesAreOneMixture) {
  ExpertTensors each, stacked, fused, in_turn, transposed_source;
  add_each(each);
  const std::vector<float> expected = answer(each, plain_spec(), ComputeMode::exact);
  stacked.add("m.experts.gate_proj.weight", "f32", {kExperts, kWidth, kHidden}, kGate);
  stacked.add("m.experts.up_proj.weight", "f32", {kExperts, kWidth, kHidden}, kUp);
  stacked.add("m.experts.down_proj.weight", "f32", {kExperts, kHidden, kWidth}, kDown);
  EXPECT_EQ(answer(stacked, plain_spec(), ComputeMode::exact), expected);
  fused.add("m.experts.gate_up_proj", "f32", {kExperts, 2 * kWidth, kHidden}, both_rows(false));
  fused.add("m.experts.down_proj", "f32", {kExperts, kHidden, kWidth}, kDown);
  EXPECT_EQ(answer(fused, plain_spec(), ComputeMode::exact), expected);
  MoeSpec spec = plain_spec();
  spec.is_interleaved = true;
  in_turn.add("m.experts.gate_up_proj", "f32", {kExperts, 2 * kWidth, kHidden}, both_rows(true));
  in_turn.add("m.experts.down_proj", "f32", {kExperts, kHidden, kWidth}, kDown);
  EXPECT_EQ(answer(in_turn, spec, ComputeMode::exact), expected);
  spec.is_transposed = true;
  transposed_source.add("m.experts.gate_up_proj", "f32", {kExperts, kHidden, 2 * kWidth},
                        transposed(both_rows(true), 2 * kWidth, kHidden));
  transposed_source.add("m.experts.down_proj", "f32", {kExperts, kWidth, kHidden}, transposed(kDown, kHidden, kWidth));
  EXPECT_EQ(answer(transposed_source, spec, ComputeMode::exact), expected);
}

// gpt-oss's two tensors a matrix against the one that GGUF has.
TEST(Moe, Mxfp4OfTwoTensors) {
  const auto split = [](ExpertTensors& source, const std::string& name, std::vector<int64_t> shape,
                        const std::vector<float>& values) {
    std::vector<std::byte> stored(values.size() / 32 * 17), blocks, scales;
    find_format("mxfp4")->encode(values.data(), stored.data(), std::ssize(values));
    for (const std::byte* at = stored.data(); at < stored.data() + stored.size(); at += 17) {
      scales.push_back(at[0]);
      const auto code = [&](size_t i) { return i < 16 ? at[1 + i] & std::byte{15} : at[1 + i - 16] >> 4; };
      for (size_t i = 0; i < 16; ++i) blocks.push_back(code(2 * i) | code(2 * i + 1) << 4);
    }
    shape.back() /= 32;
    source.add_bytes(name + "_scales", "u8", shape, scales);
    shape.push_back(16);
    source.add_bytes(name + "_blocks", "u8", shape, blocks);
  };
  for (const ComputeMode mode : {ComputeMode::exact, ComputeMode::fast}) {
    ExpertTensors gguf, two;
    gguf.add("m.experts.gate_proj.weight", "mxfp4", {kExperts, kWidth, kHidden}, kGate);
    gguf.add("m.experts.up_proj.weight", "mxfp4", {kExperts, kWidth, kHidden}, kUp);
    gguf.add("m.experts.down_proj.weight", "mxfp4", {kExperts, kHidden, kWidth}, kDown);
    MoeSpec spec = plain_spec();
    const std::vector<float> expected = answer(gguf, spec, mode);
    split(two, "m.experts.gate_up_proj", {kExperts, 2 * kWidth, kHidden}, both_rows(true));
    split(two, "m.experts.down_proj", {kExperts, kHidden, kWidth}, kDown);
    spec.is_interleaved = spec.is_transposed = true;  // which only the unquantized form is
    EXPECT_EQ(answer(two, spec, mode), expected);
  }
}

TEST(Moe, SharedExpertIsAddedAndWeighed) {
  ExpertTensors none, plain, weighed;
  for (ExpertTensors* source : {&none, &plain, &weighed}) add_each(*source);
  const std::vector<float> expected = answer(none, plain_spec(), ComputeMode::exact);
  MoeSpec spec = plain_spec();
  spec.shared = SharedExpertSpec{.name = "m.shared", .width = 96};
  for (ExpertTensors* source : {&plain, &weighed}) {
    source->add("m.shared.gate_proj.weight", "f32", {96, kHidden}, random_values(size_t{96} * kHidden, 5));
    source->add("m.shared.up_proj.weight", "f32", {96, kHidden}, random_values(size_t{96} * kHidden, 6));
    source->add("m.shared.down_proj.weight", "f32", {kHidden, 96}, random_values(size_t{96} * kHidden, 7));
  }
  const std::vector<float> with_plain = answer(plain, spec, ComputeMode::exact);
  weighed.add("m.weigher.weight", "f32", {1, kHidden}, std::vector<float>(kHidden, 0.0f));
  spec.shared->weigher = "m.weigher";
  const std::vector<float> with_weighed = answer(weighed, spec, ComputeMode::exact);  // by sigmoid(0)
  double size = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(with_weighed[i] - expected[i], (with_plain[i] - expected[i]) / 2, 2e-6);
    size += std::fabs(with_plain[i] - expected[i]);
  }
  EXPECT_GT(size, 1);
}

}  // namespace
}  // namespace estoc
