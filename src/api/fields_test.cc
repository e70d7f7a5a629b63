#include "api/fields.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace estoc::api {
namespace {

// Message and param of the Error that `work` throws.
template <typename Work>
std::pair<std::string, std::string> error_of(Work work) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    return {error.what(), error.param()};
  }
  return {"nothing thrown", ""};
}

TEST(FieldsTest, ReadsTypedValuesAndTreatsNullAsAbsent) {
  const Json body = parse_json(R"({"b":true,"i":3,"d":0.5,"s":"x","a":[1],"none":null,"whole":4.0})");
  Fields fields(body);
  EXPECT_EQ(fields.boolean("b"), true);
  EXPECT_EQ(fields.integer("i", 0), 3);
  EXPECT_EQ(fields.integer("whole", 0), 4);
  EXPECT_EQ(fields.number("d", 0, 1), 0.5);
  EXPECT_EQ(fields.number("i", 0), 3.0);
  EXPECT_EQ(fields.string("s"), "x");
  ASSERT_NE(fields.array("a"), nullptr);
  EXPECT_FALSE(fields.boolean("none"));
  EXPECT_FALSE(fields.string("missing"));
}

TEST(FieldsTest, NamesThePathInErrors) {
  const Json body = parse_json(R"({"include_usage":"yes","n":0,"t":9,"f":1.5,"s":1,"big":1e300})");
  Fields fields(body, "stream_options");
  using Pair = std::pair<std::string, std::string>;
  EXPECT_EQ(error_of([&] { fields.boolean("include_usage"); }),
            Pair("stream_options.include_usage: expected a boolean, got string", "stream_options.include_usage"));
  EXPECT_EQ(error_of([&] { fields.integer("n", 1); }),
            Pair("stream_options.n: expected an integer of at least 1, got 0", "stream_options.n"));
  EXPECT_EQ(error_of([&] { fields.number("t", 0, 2); }),
            Pair("stream_options.t: expected a number from 0 to 2, got 9", "stream_options.t"));
  EXPECT_EQ(error_of([&] { fields.integer("f", 0, 9); }),
            Pair("stream_options.f: expected an integer from 0 to 9, got 1.5", "stream_options.f"));
  EXPECT_EQ(error_of([&] { fields.string("s"); }).first, "stream_options.s: expected a string, got integer");
  EXPECT_EQ(error_of([&] { fields.array("s"); }).first, "stream_options.s: expected an array, got integer");
  EXPECT_EQ(error_of([&] { fields.integer("big", 0); }).second, "stream_options.big");
}

TEST(FieldsTest, RefusesWhatIsNotAnObjectOrIsHuge) {
  const Json list = parse_json("[1]");
  EXPECT_EQ(error_of([&] { Fields fields(list); }).first, "request body: expected an object, got array");
  EXPECT_EQ(error_of([&] { Fields fields(list, "messages[0]"); }).first, "messages[0]: expected an object, got array");
  Json::Object many;
  for (size_t i = 0; i <= limits::kFieldsMax; ++i) many.emplace_back(std::to_string(i), 1);
  const Json huge(std::move(many));
  EXPECT_EQ(error_of([&] { Fields fields(huge); }).first, "expected at most 1000 fields, got 1001");
}

TEST(FieldsTest, ListsHaveALimit) {
  const Json body = parse_json(R"({"three":[1,2,3]})");
  Fields fields(body);
  EXPECT_NE(fields.array("three", 3), nullptr);
  using Pair = std::pair<std::string, std::string>;
  EXPECT_EQ(error_of([&] { fields.array("three", 2); }), Pair("three: expected at most 2 items, got 3", "three"));
  const Json many(Json::Object{{"many", Json(Json::Array(limits::kListMax + 1))}});
  EXPECT_EQ(error_of([&] { Fields(many).array("many"); }).second, "many");
}

TEST(FieldsTest, ListsUnreadFieldsInOrder) {
  const Json body = parse_json(R"({"z":1,"a":2,"m":3})");
  Fields fields(body);
  fields.find("a");
  EXPECT_EQ(fields.unread(), (std::vector<std::string>{"z", "m"}));
}

TEST(FieldsTest, BodyMustBeJson) {
  EXPECT_EQ(error_of([] { parse_body(""); }).first, "the request body is empty, expected a JSON object");
  EXPECT_TRUE(error_of([] { parse_body("{\"a\":"); }).first.starts_with("the request body is not valid JSON: "));
}

TEST(FieldsTest, BodiesHaveBounds) {
  using Pair = std::pair<std::string, std::string>;
  const std::string deep = R"({"tools":)" + std::string(128, '[') + std::string(128, ']') + "}";
  EXPECT_EQ(error_of([&] { parse_body(deep); }), Pair("tools: nested deeper than 128 levels", "tools"));
  std::string many = R"({"stop_token_ids":[1)";
  for (size_t i = 0; i < limits::kBodyValuesMax; ++i) many += ",1";
  EXPECT_EQ(error_of([&] { parse_body(many + "]}"); }),
            Pair("stop_token_ids: expected at most 1048576 values in all", "stop_token_ids"));
  const std::string text = R"({"prompt":")" + std::string(51, 'x') + R"("})";
  EXPECT_TRUE(parse_body(text, 51).is_object());
  EXPECT_EQ(error_of([&] { parse_body(text, 50); }),
            Pair("prompt: expected at most 50 bytes of text (more cannot fit the context), got 51", "prompt"));
  const std::string argument = "[" + std::string(2 * limits::kArgumentValuesMax, ',') + "]";
  EXPECT_EQ(error_of([&] { parse_argument(argument); }).first, "the JSON: expected at most 16384 values in all");
}

}  // namespace
}  // namespace estoc::api
