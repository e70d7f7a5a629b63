// The numbers that say how a text is chosen: what the endpoints take of them and what they refuse.
#include <gtest/gtest.h>

#include "api/endpoints.h"
#include "api/test_fake_model.h"
#include "base/error.h"

namespace estoc::api {
namespace {

void ask_for(const std::string& field, const std::string& value) {
  FakeModel model;
  const std::string body = R"({"prompt":"ab","max_tokens":90,")" + field + "\":" + value + "}";
  completions(model.models(), call_with(body));
}

void expect_refused(const std::string& field, const std::string& value) {
  try {
    ask_for(field, value);
    ADD_FAILURE() << field << " was accepted as " << value;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_EQ(error.param(), field);
    EXPECT_TRUE(std::string_view(error.what()).starts_with(field + ": expected ")) << error.what();
  }
}

TEST(SamplingFieldsTest, NumbersAreTakenUpToTheirBounds) {
  struct Range {
    const char *field, *low, *high, *below, *above;
  };
  for (const Range& range : {Range{"temperature", "0", "100", "-0.01", "100.5"},
                             {"top_p", "0", "1", "-0.01", "1.01"},
                             {"min_p", "0", "1", "-0.01", "1.01"},
                             {"top_k", "-1", "2147483647", "-2", "2147483648"},
                             {"repetition_penalty", "0.01", "100", "0.005", "100.5"},
                             {"presence_penalty", "-2", "2", "-2.01", "2.01"},
                             {"frequency_penalty", "-2", "2", "-2.01", "2.01"},
                             {"n", "1", "128", "0", "129"},
                             {"min_tokens", "0", "90", "-1", "91"},
                             {"logprobs", "0", "20", "-1", "21"},
                             {"priority", "-100", "100", "-101", "101"},
                             {"timeout", "0.001", "86400", "0", "86400.5"}}) {
    EXPECT_NO_THROW(ask_for(range.field, range.low)) << range.field;
    EXPECT_NO_THROW(ask_for(range.field, range.high)) << range.field;
    expect_refused(range.field, range.below);
    expect_refused(range.field, range.above);
  }
}

}  // namespace
}  // namespace estoc::api
