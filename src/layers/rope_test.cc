#include "layers/rope.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <initializer_list>
#include <string>

#include "weights/test_refusal.h"

namespace estoc {
namespace {

std::vector<float> frequencies(std::string_view config, int head_dim, const std::vector<float>& factors = {}) {
  const Json json = parse_json(config);
  return rope_of(ConfigReader(json, "config.json"), {.head_dim = head_dim}, factors).frequencies;
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

// A file may say both, and one of them wrongly.
TEST(Rope, FactorsAreAsManyAsFrequencies) {
  const auto refused = [](std::string_view config, const std::vector<float>& factors) {
    expect_refused(ErrorCode::corrupt_file, "factors for 1 frequencies that partial_rotary_factor (0.5) leaves",
                   [&] { frequencies(config, 4, factors); });
  };
  refused(R"({"partial_rotary_factor": 0.5})", {1, 8});
  refused(R"({"rope_parameters": {"partial_rotary_factor": 0.5}})", {1, 8, 1, 1});
  EXPECT_EQ(frequencies(R"({"partial_rotary_factor": 0.5})", 4, {8}).size(), 1u);
}

TEST(Rope, DynamicWithAlphaIsAHigherThetaForAllLengths) {
  const auto f = frequencies(R"({"rope_theta": 100.0, "rope_scaling": {"type": "dynamic", "alpha": 9.0}})", 6);
  EXPECT_EQ(f, frequencies(R"({"rope_theta": 2700.0})", 6));  // 100 * 9^(6/4)
  EXPECT_EQ(frequencies(R"({"rope_scaling": {"type": "dynamic", "alpha": 0}})", 6), frequencies("{}", 6));
}

TEST(Rope, PartOfAHeadIsSaidInEitherPlace) {
  const auto half = frequencies(R"({"rope_parameters": {"partial_rotary_factor": 0.5}})", 16);
  EXPECT_EQ(half, frequencies("{}", 8));
  EXPECT_EQ(frequencies(R"({"partial_rotary_factor": 0.5})", 16), half);
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

RopeSpec rope(std::string_view config, const RopeOptions& options) {
  const Json json = parse_json(config);
  return rope_of(ConfigReader(json, "config.json"), options, {});
}

// Expected values computed by transformers 5.23.0, ROPE_INIT_FUNCTIONS["yarn"], for these configurations.
TEST(Rope, YarnSlowsLongWavelengthsAndScales) {
  const auto expect = [](std::string_view scaling, double theta, int positions, double magnitude,
                         std::initializer_list<double> frequencies) {
    const std::string config = fmt::format(R"({{"rope_theta": {}, "max_position_embeddings": {}, "rope_scaling": {}}})",
                                           theta, positions, scaling);
    const RopeSpec spec = rope(config, {.head_dim = 16});
    EXPECT_NEAR(spec.magnitude, magnitude, 1e-6);
    size_t i = 0;
    for (const double frequency : frequencies) EXPECT_NEAR(spec.frequencies[i++], frequency, 2e-6 * frequency) << i;
  };
  expect(R"({"type": "yarn", "factor": 32, "original_max_position_embeddings": 4096, "truncate": false})", 150000,
         131072, 1.3465735902799727,
         {1, 2.254180014e-01, 5.081327260e-02, 6.794959307e-03, 4.564839182e-04, 1.818833698e-05, 4.099978469e-06,
          9.242089618e-07});
  expect(R"({"type": "yarn", "factor": 4})", 1e6, 32768, 1.138629436111989,
         {1, 1.778279394e-01, 3.162277862e-02, 4.217559937e-03, 5.000000237e-04, 4.445698505e-05, 7.905693565e-06,
          1.405853368e-06});
  expect(R"({"type": "yarn", "factor": 40, "original_max_position_embeddings": 4096, "mscale": 0.707,
             "mscale_all_dim": 1})",
         10000, 163840, 0.9210423553163399,
         {1, 3.162277639e-01, 1.000000015e-01, 2.391472459e-02, 5.124999676e-03, 8.498621755e-04, 2.499999937e-05,
          7.905694474e-06});
}

TEST(Rope, LongRopeHasFactorsForShortAndLongSequences) {
  const std::string config =
      R"({"rope_theta": 100, "max_position_embeddings": 64, "original_max_position_embeddings": 16,
          "rope_scaling": {"type": "longrope", "short_factor": [1, 2], "long_factor": [4, 5]}})";
  const RopeSpec both = rope(config, {.head_dim = 4});
  EXPECT_EQ(both.long_from, 16);
  EXPECT_FLOAT_EQ(both.frequencies[1], 0.05f);
  EXPECT_FLOAT_EQ(both.long_frequencies[0], 0.25f);
  EXPECT_FLOAT_EQ(both.long_frequencies[1], 0.02f);
  EXPECT_FLOAT_EQ(both.magnitude, std::sqrt(1.5f));  // 1 + ln 4 / ln 16
  expect_refused(ErrorCode::corrupt_file, "config.json: rope_scaling.long_factor is not a list of 2 numbers", [&] {
    rope(R"({"rope_scaling": {"type": "longrope", "short_factor": [1, 2], "long_factor": [4]}})", {.head_dim = 4});
  });
  expect_refused(ErrorCode::corrupt_file, "config.json: rope_scaling.long_factor has 0, expected numbers from", [&] {
    rope(R"({"rope_scaling": {"type": "longrope", "short_factor": [1], "long_factor": [0]}})", {.head_dim = 2});
  });
}

TEST(Rope, TurnsPartOfAHead) {
  const RopeSpec part =
      rope(R"({"rope_theta": 100, "rope_parameters": {"partial_rotary_factor": 0.5}})", {.head_dim = 8});
  ASSERT_EQ(part.frequencies.size(), 2u);
  EXPECT_FLOAT_EQ(part.frequencies[1], 0.1f);
  EXPECT_EQ(rope("{}", {.head_dim = 8, .partial = 0.25}).frequencies.size(), 1u);
}

// The frequencies are a whole head's, and those of the part that does not turn are zero.
TEST(Rope, ProportionalSpreadsOverAWholeHead) {
  const RopeSpec spread =
      rope(R"({"rope_parameters": {"rope_type": "proportional", "partial_rotary_factor": 0.5, "rope_theta": 1e4}})",
           {.head_dim = 8});
  ASSERT_EQ(spread.frequencies.size(), 4u);
  EXPECT_FLOAT_EQ(spread.frequencies[1], 0.1f);
  EXPECT_EQ(spread.frequencies[2], 0);
  EXPECT_EQ(spread.frequencies[3], 0);
}

TEST(Rope, HasASetForEachKindOfLayer) {
  const std::string_view config = R"({"rope_parameters": {
      "full_attention": {"rope_type": "linear", "factor": 8, "rope_theta": 1e6}, "sliding_attention": {"rope_theta": 100}}})";
  EXPECT_FLOAT_EQ(rope(config, {.head_dim = 4, .layer_type = "sliding_attention"}).frequencies[1], 0.1f);
  EXPECT_FLOAT_EQ(rope(config, {.head_dim = 4, .layer_type = "full_attention"}).frequencies[1], 0.000125f);
  const std::string_view older = R"({"rope_theta": 1e6, "rope_local_base_freq": 100, "rope_scaling": {"factor": 8}})";
  EXPECT_FLOAT_EQ(
      rope(older, {.head_dim = 4, .theta_key = "rope_local_base_freq", .has_scaling = false}).frequencies[1], 0.1f);
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
