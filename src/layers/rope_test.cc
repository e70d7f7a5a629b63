#include "layers/rope.h"

#include <gtest/gtest.h>

#include <cmath>

#include "weights/test_refusal.h"

namespace estoc {
namespace {

std::vector<float> frequencies(std::string_view config, int head_dim, const std::vector<float>& factors = {}) {
  const Json json = parse_json(config);
  return rope_frequencies(ConfigReader(json, "config.json"), head_dim, factors);
}

TEST(Rope, DefaultFrequencies) {
  const auto f = frequencies(R"({"rope_theta": 10000.0})", 8);
  ASSERT_EQ(f.size(), 4u);
  EXPECT_FLOAT_EQ(f[0], 1.0f);
  EXPECT_FLOAT_EQ(f[1], 0.1f);
  EXPECT_FLOAT_EQ(f[3], 0.001f);
}

// Expected values computed by transformers 5.23.0, ROPE_INIT_FUNCTIONS["llama3"], for this configuration.
TEST(Rope, Llama3Frequencies) {
  const std::string_view config =
      R"({"rope_theta": 500000.0, "rope_scaling": {"rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0,
          "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}})";
  const auto f = frequencies(config, 16);
  const float expected[] = {1.000000000e+00f, 1.939227581e-01f, 3.760603070e-02f, 7.292665076e-03f,
                            4.295567051e-04f, 8.570255886e-06f, 1.661967417e-06f, 3.222932889e-07f};
  for (size_t i = 0; i < 8; ++i) EXPECT_NEAR(f[i], expected[i], 1e-6f * expected[i]) << i;
}

TEST(Rope, NewerSpellingAndFactors) {
  const auto f = frequencies(R"({"rope_parameters": {"rope_type": "linear", "factor": 4, "rope_theta": 100.0}})", 4);
  EXPECT_FLOAT_EQ(f[0], 0.25f);
  EXPECT_FLOAT_EQ(f[1], 0.025f);
  const auto g = frequencies(R"({"rope_theta": 100.0})", 4, {1.0f, 8.0f});
  EXPECT_FLOAT_EQ(g[1], 0.0125f);
  const auto both = frequencies(R"({"rope_theta": 100.0, "rope_scaling": {"type": "linear", "factor": 2}})", 4, {1, 8});
  EXPECT_FLOAT_EQ(both[0], 0.5f);
  EXPECT_FLOAT_EQ(both[1], 0.00625f);
}

TEST(Rope, RefusesUnknownTypesAndWrongValuesByFileAndKey) {
  const auto expect_bad = [](const std::string& scaling, std::string_view words,
                             ErrorCode code = ErrorCode::corrupt_file) {
    expect_refused(code, words, [&] { frequencies(R"({"rope_scaling": )" + scaling + "}", 8); });
    expect_refused(code, "config.json: ", [&] { frequencies(R"({"rope_scaling": )" + scaling + "}", 8); });
  };
  expect_bad(R"({"type": "spiral"})", "rope_scaling.rope_type 'spiral' is not supported", ErrorCode::unsupported);
  expect_bad(R"({"rope_type": 3})", "rope_scaling.rope_type is 3, expected a string");
  expect_bad(R"("linear")", "rope_scaling is \"linear\", expected an object");
  expect_bad(R"({"type": "linear"})", "rope_scaling.factor is missing");
  for (const char* factor : {"0", "-1", "1e-4", "1e7", "\"8\"", "[8]", "true"}) {
    expect_bad(std::string(R"({"type": "linear", "factor": )") + factor + "}", "rope_scaling.factor is");
  }
  const auto llama3 = [](const char* key, const char* value) {
    Json scaling = parse_json(R"({"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4,
                                  "original_max_position_embeddings": 8192})");
    scaling.set(key, parse_json(value));
    return to_json(scaling);
  };
  for (const char* key : {"factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"}) {
    for (const char* value : {"null", "\"x\"", "0", "-3", "1e300"}) expect_bad(llama3(key, value), key);
  }
  expect_bad(llama3("factor", "0.5"), "factor is 0.5, expected a number from 1 to");
  expect_bad(llama3("high_freq_factor", "1"), "expected a higher high_freq_factor");
}

TEST(Rope, BoundsTheta) {
  for (const char* theta : {"0", "-1", "0.5", "1e16", "\"1e4\""}) {
    expect_refused(ErrorCode::corrupt_file, "config.json: rope_theta is",
                   [&] { frequencies(std::string(R"({"rope_theta": )") + theta + "}", 8); });
  }
  for (const float frequency : frequencies(R"({"rope_theta": 1e15})", 512)) EXPECT_GT(frequency, 0);
}

}  // namespace
}  // namespace estoc
