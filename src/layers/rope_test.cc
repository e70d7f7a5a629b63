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

TEST(Rope, ThetaIs10000WhereNothingIsSaid) {
  EXPECT_EQ(frequencies("{}", 64), frequencies(R"({"rope_theta": 10000})", 64));
  EXPECT_EQ(frequencies(R"({"rope_parameters": {"rope_type": "default"}})", 64), frequencies("{}", 64));
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

TEST(Rope, TakesValuesUpToTheirBounds) {
  const auto linear = [](const char* factor) {
    return frequencies(
        std::string(R"({"rope_theta": 100, "rope_scaling": {"type": "linear", "factor": )") + factor + "}}", 4);
  };
  EXPECT_FLOAT_EQ(linear("1e-3")[0], 1000.0f);
  EXPECT_FLOAT_EQ(linear("1e6")[0], 1e-6f);
  EXPECT_FLOAT_EQ(frequencies(R"({"rope_theta": 1})", 4)[1], 1.0f);
  EXPECT_FLOAT_EQ(frequencies(R"({"rope_theta": 1e14})", 4)[1], 1e-7f);
  const auto llama3 = [](const char* factor, const char* low, const char* high, const char* original) {
    Json scaling = parse_json(R"({"rope_type": "llama3"})");
    scaling.set("factor", parse_json(factor));
    scaling.set("low_freq_factor", parse_json(low));
    scaling.set("high_freq_factor", parse_json(high));
    scaling.set("original_max_position_embeddings", parse_json(original));
    return frequencies(R"({"rope_theta": 100, "rope_scaling": )" + to_json(scaling) + "}", 4);
  };
  EXPECT_FLOAT_EQ(llama3("1", "1", "4", "8192")[1], 0.1f);
  EXPECT_FLOAT_EQ(llama3("1e6", "1e-3", "2e-3", "1")[0], 1.0f);  // a short wavelength stays
  EXPECT_FLOAT_EQ(llama3("1e6", "0.5", "1", "1")[0], 1e-6f);     // a long one is slowed down
  EXPECT_FLOAT_EQ(llama3("2", "1", "1e6", "1073741824")[1], 0.1f);
}

// A wavelength of exactly the bound belongs to the band between; what the two sides meet at is the same.
TEST(Rope, Llama3BlendsBetweenItsTwoWavelengths) {
  const std::string_view config =
      R"({"rope_theta": 1e6, "rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1,
          "high_freq_factor": 4, "original_max_position_embeddings": 400}})";
  const auto plain = frequencies(R"({"rope_theta": 1e6})", 64), scaled = frequencies(config, 64);
  int kept = 0, slowed = 0, between = 0;
  for (size_t i = 0; i < plain.size(); ++i) {
    const double wavelength = 2 * 3.14159265358979 / plain[i], share = scaled[i] / plain[i];
    if (wavelength < 100) {
      EXPECT_FLOAT_EQ(share, 1);
      ++kept;
    } else if (wavelength > 400) {
      EXPECT_FLOAT_EQ(share, 0.125);
      ++slowed;
    } else {
      EXPECT_NEAR(share, 0.125 + 0.875 * (400 / wavelength - 1) / 3, 1e-6);
      ++between;
    }
  }
  EXPECT_GT(kept, 3);
  EXPECT_GT(slowed, 3);
  EXPECT_GT(between, 2);
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
