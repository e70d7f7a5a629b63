#include "layers/rope.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace estoc {
namespace {

TEST(Rope, DefaultFrequencies) {
  const auto f = rope_frequencies(parse_json(R"({"rope_theta": 10000.0})"), "x", 8, {});
  ASSERT_EQ(f.size(), 4u);
  EXPECT_FLOAT_EQ(f[0], 1.0f);
  EXPECT_FLOAT_EQ(f[1], 0.1f);
  EXPECT_FLOAT_EQ(f[3], 0.001f);
}

// Expected values computed by transformers 5.23.0, ROPE_INIT_FUNCTIONS["llama3"], for this configuration.
TEST(Rope, Llama3Frequencies) {
  const Json config = parse_json(
      R"({"rope_theta": 500000.0, "rope_scaling": {"rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0,
          "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}})");
  const auto f = rope_frequencies(config, "x", 16, {});
  const float expected[] = {1.000000000e+00f, 1.939227581e-01f, 3.760603070e-02f, 7.292665076e-03f,
                            4.295567051e-04f, 8.570255886e-06f, 1.661967417e-06f, 3.222932889e-07f};
  for (size_t i = 0; i < 8; ++i) EXPECT_NEAR(f[i], expected[i], 1e-6f * expected[i]) << i;
}

TEST(Rope, NewerSpellingAndFactors) {
  const auto f = rope_frequencies(
      parse_json(R"({"rope_parameters": {"rope_type": "linear", "factor": 4, "rope_theta": 100.0}})"), "x", 4, {});
  EXPECT_FLOAT_EQ(f[0], 0.25f);
  EXPECT_FLOAT_EQ(f[1], 0.025f);
  const auto g = rope_frequencies(parse_json(R"({"rope_theta": 100.0})"), "x", 4, {1.0f, 8.0f});
  EXPECT_FLOAT_EQ(g[1], 0.0125f);
}

TEST(Rope, UnknownTypeAndNonsenseAreRefused) {
  EXPECT_THROW(rope_frequencies(parse_json(R"({"rope_scaling": {"type": "spiral"}})"), "x", 8, {}), Error);
  EXPECT_THROW(rope_frequencies(parse_json(R"({"rope_theta": -1})"), "x", 8, {}), Error);
  EXPECT_THROW(rope_frequencies(parse_json(R"({"rope_scaling": {"rope_type": "llama3", "factor": 0}})"), "x", 8, {}),
               Error);
}

}  // namespace
}  // namespace estoc
