#include "sampling/params.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "base/error.h"

namespace estoc {
namespace {

TEST(ValidateParams, NamesTheFieldThatIsWrong) {
  const std::pair<const char*, std::function<void(SamplingParams&)>> cases[] = {
      {"temperature", [](SamplingParams& p) { p.temperature = -0.1f; }},
      {"temperature", [](SamplingParams& p) { p.temperature = std::nanf(""); }},
      {"temperature", [](SamplingParams& p) { p.temperature = INFINITY; }},
      {"top_k", [](SamplingParams& p) { p.top_k = -1; }},
      {"top_p", [](SamplingParams& p) { p.top_p = 1.01f; }},
      {"top_p", [](SamplingParams& p) { p.top_p = std::nanf(""); }},
      {"min_p", [](SamplingParams& p) { p.min_p = -0.5f; }},
      {"repetition_penalty", [](SamplingParams& p) { p.repetition_penalty = 0; }},
      {"repetition_penalty", [](SamplingParams& p) { p.repetition_penalty = INFINITY; }},
      {"presence_penalty", [](SamplingParams& p) { p.presence_penalty = 2.5f; }},
      {"frequency_penalty", [](SamplingParams& p) { p.frequency_penalty = -2.5f; }},
      {"logit_bias", [](SamplingParams& p) { p.logit_bias = {{100, 1.0f}}; }},
      {"logit_bias", [](SamplingParams& p) { p.logit_bias = {{-1, 1.0f}}; }},
      {"logit_bias", [](SamplingParams& p) { p.logit_bias = std::vector<std::pair<TokenId, float>>(1025); }},
      {"logit_bias", [](SamplingParams& p) { p.logit_bias = {{3, 100.5f}}; }},
      {"logprobs", [](SamplingParams& p) { p.logprobs = 21; }},
      {"logprobs", [](SamplingParams& p) { p.logprobs = -2; }},
  };
  for (const auto& [name, spoil] : cases) {
    SamplingParams params;
    spoil(params);
    try {
      validate(params, 100);
      ADD_FAILURE() << name << " passed";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
      EXPECT_EQ(error.param(), name);
      EXPECT_EQ(std::string(error.what()).find(name), 0u) << error.what();
    }
  }
}

TEST(ValidateParams, AcceptsTheEndsOfEveryRange) {
  SamplingParams params;
  validate(params, 100);
  params = {.temperature = 0,
            .top_k = 1000000,
            .top_p = 0,
            .min_p = 1,
            .repetition_penalty = 0.01f,
            .presence_penalty = -2,
            .frequency_penalty = 2,
            .logit_bias = {{0, -100.0f}, {99, 100.0f}},
            .logprobs = 20};
  validate(params, 100);
  params.temperature = params.repetition_penalty = std::numeric_limits<float>::max();
  validate(params, 100);
}

}  // namespace
}  // namespace estoc
