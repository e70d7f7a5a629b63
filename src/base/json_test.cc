#include "base/json.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace estoc {
namespace {

TEST(Json, RoundTripKeepsOrderAndKinds) {
  const std::string text = R"({"z":1,"a":[true,null,-2.5,"x\n\"é"],"big":18446744073709551615,"m":{}})";
  EXPECT_EQ(to_json(parse_json(text)), text);
}

TEST(Json, RejectsMalformedAndDeepText) {
  EXPECT_THROW(parse_json("{\"a\":"), Error);
  EXPECT_THROW(parse_json(""), Error);
  EXPECT_THROW(parse_json("{} x"), Error);
  EXPECT_THROW(parse_json("\"\xff\""), Error);
  EXPECT_THROW(parse_json(std::string(1000, '[') + std::string(1000, ']')), Error);
}

TEST(Json, HugeIntegersBecomeDoubles) {
  const Json value = parse_json(
      R"({"model_max_length":1000000000000000019884624838656,"s":"9\"99999999999999999999999","x":[-123456789012345678901234567890,12]})");
  EXPECT_EQ(value.find("model_max_length")->as_double(), 1e30);
  EXPECT_EQ(value.find("s")->as_string(), "9\"99999999999999999999999");
  EXPECT_EQ(value.find("x")->as_array()[0].as_double(), -1.2345678901234568e29);
  EXPECT_EQ(value.find("x")->as_array()[1].as_int(), 12);
}

TEST(Json, ReadersSayWhatTheyGot) {
  try {
    parse_json("{\"a\":1}").find("a")->as_string();
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "expected a string, got integer");
  }
  EXPECT_EQ(parse_json("3.0").as_int(), 3);
  EXPECT_THROW(parse_json("3.5").as_int(), Error);
  EXPECT_THROW(parse_json("18446744073709551615").as_int(), Error);
}

TEST(Json, WriterIsAlwaysValidUtf8) {
  EXPECT_EQ(to_json(Json(std::string("a\xff\xe2\x82"))), "\"a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
  EXPECT_EQ(to_json(Json(0.1)), "0.1");
  EXPECT_EQ(to_json(Json(1e300 * 1e300)), "null");
}

}  // namespace
}  // namespace estoc
