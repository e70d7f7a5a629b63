// response_format, structured_outputs and their like.
#include "api/constraint_fields.h"

#include <gtest/gtest.h>

#include "api/errors.h"
#include "api/test_fake_model.h"
#include "base/json.h"

namespace estoc::api {
namespace {

class ConstraintFieldsTest : public testing::Test {
 protected:
  static std::string chat(const std::string& fields) {
    return R"({"messages":[{"role":"user","content":"hi"}],)" + fields + "}";
  }
  Request request_of(const std::string& fields) {
    SCOPED_TRACE(fields);
    Answer answer = chat_completions(model_.models(), call_with(chat(fields)));
    return std::get<std::unique_ptr<Generation>>(answer)->take_requests().at(0);
  }
  // Whether the whole of the text may be an answer.
  bool takes(const std::string& fields, std::string_view text) {
    return may_answer(request_of(fields), text);
  }
  void expect_refused(const std::string& fields, const std::string& param, const std::string& message) {
    SCOPED_TRACE(fields);
    for (const bool is_chat : {true, false}) {
      const std::string body = is_chat ? chat(fields) : R"({"prompt":"hi",)" + fields + "}";
      const auto ask = is_chat ? chat_completions : completions;
      expect_refusal([&] { ask(model_.models(), call_with(body)); }, param, message);
    }
  }

  FakeModel model_;
};

const std::string kSchema = R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"boolean"}},)"
                            R"("required":["a","b"],"additionalProperties":false})";

TEST_F(ConstraintFieldsTest, NothingIsAskedFor) {
  for (const char* fields : {R"("response_format":null)", R"("response_format":{"type":"text"})", R"("grammar":"")",
                             R"("structured_outputs":{})", R"("guided_choice":[])", R"("json_schema":"")"}) {
    EXPECT_EQ(request_of(fields).constraint, nullptr) << fields;
  }
}

TEST_F(ConstraintFieldsTest, SchemasInEveryFieldThatHasThem) {
  const std::string text = to_json(Json(kSchema));  // as a string
  for (const std::string& fields :
       {R"("response_format":{"type":"json_schema","json_schema":{"name":"x","strict":true,"schema":)" + kSchema + "}}",
        R"("response_format":{"type":"json_object","schema":)" + kSchema + "}",
        R"("structured_outputs":{"json":)" + kSchema + "}", R"("structured_outputs":{"json":)" + text + "}",
        R"("guided_json":)" + kSchema, R"("json_schema":)" + kSchema, R"("json_schema":)" + text}) {
    EXPECT_TRUE(takes(fields, R"({"a":1,"b":true})")) << fields;
    EXPECT_FALSE(takes(fields, R"({"a":1.5,"b":true})")) << fields;
    EXPECT_FALSE(takes(fields, R"({"a": 1, "b": true})")) << fields;
    EXPECT_FALSE(takes(fields, "1")) << fields;
  }
}

TEST_F(ConstraintFieldsTest, HowJsonIsWrittenIsAskedForBesideIt) {
  const std::string format =
      R"("response_format":{"type":"json_schema","json_schema":{"name":"x","schema":)" + kSchema + "}},";
  EXPECT_TRUE(takes(format + R"("structured_outputs":{"disable_any_whitespace":false})", "{\"a\" : 1,\n \"b\":true}"));
  EXPECT_FALSE(takes(format + R"("structured_outputs":{"disable_any_whitespace":true})", R"({"a": 1,"b":true})"));
  EXPECT_TRUE(takes(format + R"("structured_outputs":{"property_order":"any"})", R"({"b":true,"a":1})"));
  EXPECT_FALSE(takes(format + R"("structured_outputs":{"property_order":"schema"})", R"({"b":true,"a":1})"));
}

TEST_F(ConstraintFieldsTest, AnyObject) {
  for (const char* fields :
       {R"("response_format":{"type":"json_object"})", R"("structured_outputs":{"json_object":true})"}) {
    EXPECT_TRUE(takes(fields, R"({"x":[1,{"y":null}]})"));
    EXPECT_FALSE(takes(fields, "[1]"));
  }
}

TEST_F(ConstraintFieldsTest, ExpressionsChoicesAndGrammars) {
  for (const char* fields :
       {R"("structured_outputs":{"regex":"[ab]+"})", R"("guided_regex":"[ab]+")", R"("regex":"[ab]+")",
        R"("grammar":"root ::= [ab]+")", R"("ebnf":"root ::= [ab]+")", R"("guided_grammar":"start: /[ab]+/")",
        R"("structured_outputs":{"grammar":"root ::= [ab]+"})", R"("structured_outputs":{"grammar":"start: /[ab]+/"})",
        R"("structured_outputs":{"choice":["abba","b"]})", R"("guided_choice":["abba"])"}) {
    EXPECT_TRUE(takes(fields, "abba")) << fields;
    EXPECT_FALSE(takes(fields, "abc")) << fields;
  }
}

TEST_F(ConstraintFieldsTest, StructuralTags) {
  const std::string tags =
      R"("triggers":["<f"],"structures":[{"begin":"<f>","schema":{"type":"integer"},"end":"</f>"}])";
  const std::string object = R"({"type":"structural_tag",)" + tags + "}";
  for (const std::string& fields :
       {"\"response_format\":" + object, R"("structured_outputs":{"structural_tag":)" + object + "}",
        R"("structured_outputs":{"structural_tag":)" + to_json(Json(object)) + "}"}) {
    EXPECT_TRUE(takes(fields, "so <f>12</f>.")) << fields;
    EXPECT_FALSE(takes(fields, "so <f>x</f>.")) << fields;
  }
}

TEST_F(ConstraintFieldsTest, CompletionsHaveThemToo) {
  Answer answer = completions(model_.models(), call_with(R"({"prompt":["a","b"],"n":2,"guided_choice":["yes","no"]})"));
  const auto requests = std::get<std::unique_ptr<Generation>>(answer)->take_requests();
  ASSERT_EQ(requests.size(), 4u);
  for (const Request& request : requests) EXPECT_EQ(request.constraint, requests[0].constraint);
  EXPECT_NE(requests[0].constraint, nullptr);
}

TEST_F(ConstraintFieldsTest, WrongFieldsAreRefusedByTheirPath) {
  expect_refused(R"("response_format":"json")", "response_format", "expected an object");
  expect_refused(R"("response_format":{})", "response_format.type", "missing");
  expect_refused(R"("response_format":{"type":"xml"})", "response_format.type", "got \"xml\"");
  expect_refused(R"("response_format":{"type":"json_schema"})", "response_format.json_schema", "missing");
  expect_refused(R"("response_format":{"type":"json_schema","json_schema":{"name":"x"}})",
                 "response_format.json_schema.schema", "missing");
  expect_refused(R"("response_format":{"type":"json_schema","json_schema":{"schema":[1]}})",
                 "response_format.json_schema.schema", "got array");
  expect_refused(R"("response_format":{"type":"json_schema","json_schema":{"schema":{},"strict":1}})",
                 "response_format.json_schema.strict", "expected a boolean");
  expect_refused(R"("structured_outputs":{"json":"{"})", "structured_outputs.json", "");
  expect_refused(R"("structured_outputs":{"choice":["a",1]})", "structured_outputs.choice[1]", "expected a string");
  expect_refused(R"("structured_outputs":{"property_order":"mine"})", "structured_outputs.property_order", "\"any\"");
  expect_refused(R"("structured_outputs":{"whitespace_pattern":"x"})", "structured_outputs.whitespace_pattern",
                 "not supported");
  expect_refused(R"("response_format":{"type":"structural_tag","triggers":["<"],"structures":[{"begin":"<"}]})",
                 "response_format.structures[0].schema", "missing");
  expect_refused(R"("grammar_lazy":true)", "grammar_lazy", "not supported");
}

TEST_F(ConstraintFieldsTest, TwoAtOnceAreRefused) {
  expect_refused(R"("response_format":{"type":"json_object"},"guided_regex":"a")", "guided_regex",
                 "response_format is one already");
  expect_refused(R"("structured_outputs":{"regex":"a","choice":["a"]})", "structured_outputs.choice",
                 "structured_outputs.regex is one already");
}

// What a front end refuses names the keyword and where it stands, behind the field's path.
TEST_F(ConstraintFieldsTest, WhatDoesNotCompileIsRefused) {
  expect_refused(R"("response_format":{"type":"json_schema","json_schema":{"name":"x","schema":
                    {"properties":{"a":{"type":"integr"}}}}})",
                 "response_format.json_schema.schema", "/properties/a");
  expect_refused(R"("structured_outputs":{"regex":"a("})", "structured_outputs.regex", "structured_outputs.regex: ");
  expect_refused(R"("grammar":"root ::= x")", "grammar", "line 1");
}

TEST_F(ConstraintFieldsTest, WhatIsNotCompiledYetIsReadElsewhere) {
  const std::string body = chat(R"("guided_regex":"a+")");
  Call call = call_with(body);
  call.may_compile = false;
  EXPECT_TRUE(std::holds_alternative<Elsewhere>(chat_completions(model_.models(), call)));
  request_of(R"("guided_regex":"a+")");
  EXPECT_FALSE(std::holds_alternative<Elsewhere>(chat_completions(model_.models(), call)));
}

}  // namespace
}  // namespace estoc::api
