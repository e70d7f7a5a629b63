#include "grammar/json_schema.h"

#include <gtest/gtest.h>

#include "base/mapped_file.h"
#include "grammar/test_grammar_checks.h"

namespace estoc::grammar {
namespace {

std::unique_ptr<Grammar> compile(std::string_view schema, const SchemaOptions& options = {}) {
  return compile_json_schema(parse_json(schema), options);
}

bool takes_schema(std::string_view schema, std::string_view text, const SchemaOptions& options = {}) {
  return takes(*compile(schema, options), text);
}

// "" when it compiles; otherwise the path and the message.
std::string refusal(std::string_view schema) {
  return refusal_of([&] { compile(schema); });
}

TEST(JsonSchema, AgreesWithAnIndependentValidator) {
  const Json golden = parse_json(read_file(std::string(ESTOC_SOURCE_DIR) + "/tests/golden/schema_golden.json"));
  const auto& values = golden.find("values")->as_array();
  size_t compared = 0;
  for (const Json& one : golden.find("cases")->as_array()) {
    SCOPED_TRACE(to_json(*one.find("schema")));
    const auto grammar =
        compile_json_schema(*one.find("schema"), {.any_property_order = true, .asserts_formats = true});
    const std::string& valid = one.find("valid")->as_string();
    ASSERT_EQ(valid.size(), values.size());
    for (size_t i = 0; i < values.size(); ++i) {
      EXPECT_EQ(takes(*grammar, values[i].as_string()), valid[i] == '1') << values[i].as_string();
      ++compared;
    }
  }
  EXPECT_GT(compared, 4000u);
}

TEST(JsonSchema, MasksAreWhatTheMatcherTakesAndNothingGetsStuck) {
  const Json golden = parse_json(read_file(std::string(ESTOC_SOURCE_DIR) + "/tests/golden/schema_golden.json"));
  const TestVocabulary& words = test_vocabulary();
  std::mt19937 random(7);
  for (const Json& one : golden.find("cases")->as_array()) {
    SCOPED_TRACE(to_json(*one.find("schema")));
    for (const bool any_order : {false, true}) {
      const auto grammar = std::make_shared<TokenGrammar>(
          compile_json_schema(*one.find("schema"), {.any_property_order = any_order}), words.vocabulary);
      for (size_t length : {0, 3, 8, 20}) {
        TokenMatcher matcher(grammar, {TestVocabulary::kEnd});
        std::string fault;
        const std::string text = random_text(matcher, random, length, fault);
        ASSERT_EQ(fault, "");
        if (matcher.may_end()) {
          ASSERT_NO_THROW(parse_json(text, 1000)) << text;
        }
        // The masks on the way, once more against trying every token.
        while (matcher.token_count() > 0) {
          matcher.roll_back(std::min<size_t>(1 + random() % 3, matcher.token_count()));
          ASSERT_EQ(mask_fault(matcher), "") << text;
          if (matcher.token_count() > 60) matcher.roll_back(matcher.token_count() - 60);
        }
      }
    }
  }
}

TEST(JsonSchema, PropertiesComeInTheSchemasOrderByDefault) {
  const std::string_view schema = R"({"properties": {"a": {}, "b": {}}, "required": ["b"]})";
  EXPECT_TRUE(takes_schema(schema, R"({"a":1,"b":2,"c":3})"));
  EXPECT_FALSE(takes_schema(schema, R"({"b":2,"a":1})"));
  EXPECT_FALSE(takes_schema(schema, R"({"c":3,"b":2})"));
  EXPECT_TRUE(takes_schema(schema, R"({"c":3,"b":2,"a":1})", {.any_property_order = true}));
}

// One that is required is not passed over for one behind it, nor for one that the schema does not name.
TEST(JsonSchema, RequiredPropertiesInOrder) {
  const auto grammar = compile_json_schema(parse_json(R"({"type": "object", "required": ["b", "d"],
    "properties": {"a": {}, "b": {}, "c": {}, "d": {}}})"));
  for (const char* text : {R"({"b":1,"d":2})", R"({"a":1,"b":1,"c":1,"d":2,"e":1})", R"({"b":1,"d":2,"e":3})"}) {
    EXPECT_TRUE(takes(*grammar, text)) << text;
  }
  for (const char* text : {R"({})", R"({"d":2})", R"({"b":1})", R"({"a":1,"c":1,"d":2})", R"({"c":1,"d":2})",
                           R"({"e":1,"b":1,"d":2})", R"({"b":1,"e":2})", R"({"e":2})"}) {
    EXPECT_FALSE(takes(*grammar, text)) << text;
  }
}

TEST(JsonSchema, IntegersHaveNoPoint) {
  for (const char* schema :
       {R"({"type": "integer"})", R"({"type": "integer", "minimum": -3, "maximum": 40})",
        R"({"type": "integer", "multipleOf": 2})", R"({"allOf": [{"type": "integer"}, {"minimum": 1}]})"}) {
    EXPECT_TRUE(takes_schema(schema, "4")) << schema;
    EXPECT_FALSE(takes_schema(schema, "4.0")) << schema;
    EXPECT_FALSE(takes_schema(schema, "4.5")) << schema;
  }
  EXPECT_TRUE(takes_schema(R"({"type": "integer"})", "0"));
  EXPECT_TRUE(takes_schema(R"({"type": "integer"})", "-10"));
  EXPECT_TRUE(takes_schema(R"({"type": "number", "minimum": 1})", "4.0"));
  EXPECT_FALSE(takes_schema(R"({"not": {"type": "integer"}})", "4.0"));
}

TEST(JsonSchema, BlanksAreAnOption) {
  const std::string_view schema = R"({"properties": {"a": {"items": {"type": "integer"}}}})";
  EXPECT_FALSE(takes_schema(schema, R"({"a": [1]})"));
  EXPECT_TRUE(takes_schema(schema, "{ \"a\" : [\n  1 ,2 ] }", {.allows_blanks = true}));
  EXPECT_FALSE(takes_schema(schema, "{" + std::string(100, ' ') + "}", {.allows_blanks = true}));
}

TEST(JsonSchema, NamesDoNotComeTwice) {
  EXPECT_FALSE(takes_schema("{}", R"({"a":1,"a":2})"));
  EXPECT_TRUE(takes_schema("{}", R"({"a":1,"aa":2,"":3})"));
  EXPECT_FALSE(takes_schema(R"({"properties": {"a": {}}})", R"({"a":1,"a":2})"));
  EXPECT_FALSE(takes_schema("{}", R"({"a":{"b":1,"b":2}})"));
}

TEST(JsonSchema, NamesThatCouldRunOutLeadNowhereWithoutAWayOn) {
  const char* one = R"({"type": "object", "propertyNames": {"maxLength": 1}, "additionalProperties": {"const": 1}})";
  EXPECT_TRUE(takes_schema(one, R"({"a":1,"":1,"b":1})"));
  EXPECT_FALSE(takes_schema(one, R"({"ab":1})"));
  EXPECT_FALSE(takes_schema(one, R"({"a":1,"a)"));
  const char* many = R"({"type": "object", "patternProperties": {"^a*b$": true}, "additionalProperties": false})";
  EXPECT_TRUE(takes_schema(many, R"({"aab":1,"b":2})"));
  EXPECT_FALSE(takes_schema(many, R"({"aab":1,"aab":2})"));
  std::mt19937 random(11);
  for (const char* schema : {one, many}) {
    const auto grammar = std::make_shared<TokenGrammar>(compile(schema), test_vocabulary().vocabulary);
    for (int round = 0; round < 20; ++round) {
      TokenMatcher matcher(grammar, {TestVocabulary::kEnd});
      std::string fault;
      const std::string text = random_text(matcher, random, 25, fault);
      ASSERT_EQ(fault, "") << text;
      while (matcher.token_count() > 0) {
        matcher.roll_back(1);
        ASSERT_EQ(mask_fault(matcher), "") << text;
      }
    }
  }
}

// The outermost schema that was gone through answers, so that one list has other items in another place.
TEST(JsonSchema, DynamicReferences) {
  const char* lists = R"({"type": "object",
    "properties": {"numbers": {"$ref": "numbers"}, "texts": {"$ref": "texts"}, "any": {"$ref": "list"}},
    "$defs": {
      "list": {"$id": "list", "type": "array", "items": {"$dynamicRef": "#item"},
               "$defs": {"default": {"$dynamicAnchor": "item"}}},
      "numbers": {"$id": "numbers", "$ref": "list", "$defs": {"own": {"$dynamicAnchor": "item", "type": "number"}}},
      "texts": {"$id": "texts", "$ref": "list", "$defs": {"own": {"$dynamicAnchor": "item", "type": "string"}}}}})";
  EXPECT_TRUE(takes_schema(lists, R"({"numbers":[1,2],"texts":["a"],"any":[1,"a",null]})"));
  EXPECT_FALSE(takes_schema(lists, R"({"numbers":["a"]})"));
  EXPECT_FALSE(takes_schema(lists, R"({"texts":[1]})"));
  const char* tree = R"({"$schema": "https://json-schema.org/draft/2019-09/schema", "$id": "strict",
    "$recursiveAnchor": true, "$ref": "tree", "unevaluatedProperties": false,
    "$defs": {"tree": {"$id": "tree", "$recursiveAnchor": true, "type": "object",
                       "properties": {"next": {"$recursiveRef": "#"}}}}})";
  EXPECT_TRUE(takes_schema(tree, R"({"next":{"next":{}}})"));
  EXPECT_FALSE(takes_schema(tree, R"({"next":{"other":1}})"));
}

// How many bytes end what was begun.
size_t bytes_to_end(std::string_view schema, std::string_view begun) {
  const auto grammar = std::make_shared<TokenGrammar>(compile(schema), test_vocabulary().vocabulary);
  TokenMatcher matcher(grammar, {TestVocabulary::kEnd});
  for (const char c : begun) EXPECT_TRUE(matcher.accept(static_cast<TokenId>(1 + static_cast<unsigned char>(c))));
  size_t bytes = 0;
  const auto rest = matcher.shortest_completion(1000);
  EXPECT_TRUE(rest.has_value());
  for (const TokenId token : rest.value_or(std::vector<TokenId>{})) {
    EXPECT_TRUE(matcher.accept(token));
    bytes += test_vocabulary().texts[static_cast<size_t>(token)].size();
  }
  EXPECT_TRUE(matcher.may_end());
  return bytes;
}

TEST(JsonSchema, ShortestCompletions) {
  EXPECT_EQ(bytes_to_end(R"({"type": "array", "minItems": 2, "items": {"type": "boolean"}})", "[tr"), 8u);
  EXPECT_EQ(bytes_to_end(R"({"type": "string"})", "\"a\\u00"), 3u);
  EXPECT_EQ(bytes_to_end(R"({"type": "integer", "minimum": 1234, "maximum": 9999})", ""), 4u);
  EXPECT_EQ(bytes_to_end(R"({"type": "object", "properties": {"a": {"enum": ["long", 1]}, "b": {"$ref": "#"}},
                             "required": ["a"], "additionalProperties": false})",
                         R"({"a":1,"b":{)"),
            std::string_view(R"("a":1}})").size());
  EXPECT_EQ(
      bytes_to_end(R"({"type": "array", "uniqueItems": true, "items": {"enum": [1, 22, 333]}, "minItems": 3})", "["),
      std::string_view("1,22,333]").size());
  EXPECT_EQ(bytes_to_end("{}", "{\"\":1,\""), std::string_view("a\":1}").size());
  // No end within so many bytes.
  const auto grammar =
      std::make_shared<TokenGrammar>(compile(R"({"type": "string", "minLength": 60})"), test_vocabulary().vocabulary);
  EXPECT_FALSE(TokenMatcher(grammar, {TestVocabulary::kEnd}).shortest_completion(61).has_value());
  EXPECT_TRUE(TokenMatcher(grammar, {TestVocabulary::kEnd}).shortest_completion(62).has_value());
}

TEST(JsonSchema, ForcedBytesSkipWhatCannotBeOtherwise) {
  const auto grammar = std::make_shared<TokenGrammar>(
      compile(R"({"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"],
                  "additionalProperties": false})"),
      test_vocabulary().vocabulary);
  TokenMatcher matcher(grammar, {TestVocabulary::kEnd});
  EXPECT_EQ(matcher.forced_bytes(100), R"({"name":")");
}

TEST(JsonSchema, Formats) {
  const auto takes_format = [](const std::string& format, const std::string& text) {
    return takes_schema("{\"type\":\"string\",\"format\":\"" + format + "\"}", "\"" + text + "\"");
  };
  EXPECT_TRUE(takes_format("date", "2024-02-29"));
  EXPECT_FALSE(takes_format("date", "2023-02-29"));
  EXPECT_FALSE(takes_format("date", "1900-02-29"));
  EXPECT_TRUE(takes_format("date-time", "1998-12-31T23:59:60.5Z"));
  EXPECT_FALSE(takes_format("date-time", "1998-12-31T22:59:60Z"));
  EXPECT_TRUE(takes_format("time", "08:30:06+00:20"));
  EXPECT_TRUE(takes_format("uuid", "2eb8aa08-aa98-11ea-b4aa-73b441d16380"));
  EXPECT_TRUE(takes_format("ipv4", "192.168.0.1"));
  EXPECT_FALSE(takes_format("ipv4", "256.1.1.1"));
  EXPECT_FALSE(takes_format("ipv4", "087.10.0.1"));
  for (const char* good :
       {"::1", "::", "1::d6:192.168.0.1", "1:2:3:4:5:6:7:8", "::abef", "12:34:56:78:9a:bc:de::", "1::2:3:4:5:6:7"}) {
    EXPECT_TRUE(takes_format("ipv6", good)) << good;
  }
  for (const char* bad :
       {"12345::", "1:2", "::1::", "1:2:3:4:5:6:7:8:9", ":2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8::", "1.2.3.4"}) {
    EXPECT_FALSE(takes_format("ipv6", bad)) << bad;
  }
  EXPECT_TRUE(takes_format("email", "joe.bloggs@example.com"));
  EXPECT_FALSE(takes_format("email", ".test@example.com"));
  EXPECT_TRUE(takes_format("uri", "http://foo.bar/?baz=qux#quux"));
  EXPECT_FALSE(takes_format("uri", "/abc"));
  EXPECT_TRUE(takes_format("duration", "P4DT12H30M5S"));
  EXPECT_FALSE(takes_format("duration", "PT1D"));
  EXPECT_TRUE(takes_format("json-pointer", "/foo/bar~01"));
  const std::string label(63, 'a'), longest = label + "." + label + "." + label + "." + std::string(61, 'a');
  EXPECT_TRUE(takes_format("hostname", "a.b-c.4.example"));
  EXPECT_TRUE(takes_format("hostname", longest));
  for (const std::string& bad : {longest + "a", label + "a", std::string("-a"), std::string("a-"), std::string("a..b"),
                                 std::string("a_b"), std::string("xn--a"), std::string(), std::string("a.")}) {
    EXPECT_FALSE(takes_format("hostname", bad)) << bad;
  }
  EXPECT_TRUE(takes_schema(R"({"format": "date"})", "\"x\"", {.asserts_formats = false}));
}

TEST(JsonSchema, RefusalsNameTheKeywordAndItsPlace) {
  EXPECT_EQ(refusal(R"({"properties": {"a": {"minimun": 3}}})"),
            "schema at /properties/a/minimun: 'minimun' is no keyword of JSON Schema that is supported");
  EXPECT_EQ(refusal(R"({"type": "strin"})"),
            "schema at /type: one of null, boolean, number, integer, string, array and object was expected");
  EXPECT_EQ(refusal(R"({"items": {"$ref": "other.json"}})"),
            "schema at /items/$ref: 'other.json' refers to another document, and only this one is read");
  EXPECT_EQ(refusal("false"), "no value at all satisfies the schema");
  EXPECT_EQ(refusal(R"({"$ref": "#"})"), "schema at /$ref: the schema refers to itself without anything in between");
  for (const char* schema :
       {R"({"type": "string", "pattern": "(a)\\1"})", R"({"type": "string", "format": "color"})",
        R"({"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]})", R"({"minLength": -1})",
        R"({"$schema": "http://json-schema.org/draft-04/schema#"})", R"({"enum": 1})", R"({"anyOf": []})",
        R"({"not": {"uniqueItems": true}, "type": "array"})", R"({"type": "number", "multipleOf": 0.123456})",
        R"({"type": "array", "uniqueItems": true,
           "items": {"type": "object", "properties": {"a": {"type": "boolean"}}, "additionalProperties": false}})",
        R"({"propertyNames": {"maxLength": 3}, "minProperties": 300})", "[1]", "3",
        R"({"type": "array", "minItems": 3, "uniqueItems": true, "items": {"type": "boolean"}})"}) {
    EXPECT_NE(refusal(schema), "") << schema;
  }
}

TEST(JsonSchema, HostileSchemasAreBounded) {
  std::string deep = "true";
  for (int i = 0; i < 90; ++i) deep = "{\"properties\":{\"a\":" + deep + "}}";
  EXPECT_EQ(refusal(deep), "");
  // Many alternatives with many ways to fail.
  std::string one_of = "{\"oneOf\":[";
  for (int i = 0; i < 60; ++i) {
    one_of += (i ? "," : "") + std::string("{\"properties\":{\"a") + std::to_string(i) +
              "\":{\"type\":\"integer\"},\"b" + std::to_string(i) + "\":{\"minimum\":2}}}";
  }
  EXPECT_NE(refusal(one_of + "]}"), "");
  std::string any = "{\"allOf\":[";
  for (int i = 0; i < 30; ++i) {
    any += (i ? "," : "") + std::string("{\"anyOf\":[{\"required\":[\"a") + std::to_string(i) +
           "\"]},{\"required\":[\"b" + std::to_string(i) + "\"]}]}";
  }
  EXPECT_NE(refusal(any + "]}"), "");
  EXPECT_NE(refusal(R"({"anyOf": [{"$ref": "#"}, {"$ref": "#"}, {"enum": [1]}]})"), "");
  EXPECT_NE(refusal(R"({"type":"array","contains":{"type":"integer"},"minContains":100000,"maxContains":200000})"), "");
  EXPECT_EQ(refusal(R"({"type":"array","minItems":1000000000,"items":{"type":"integer"}})"), "");
  EXPECT_EQ(refusal(R"({"type":"string","minLength":10,"maxLength":90000})"), "");
}

TEST(JsonSchema, AnyJson) {
  const auto any = compile_any_json();
  for (const char* text : {"null", "1.5e10", "[1,[2,{}]]", R"({"a":[true,"\u00e9\ud83d\ude00\/"]})", "-0"}) {
    EXPECT_TRUE(takes(*any, text)) << text;
  }
  for (const char* text : {"", "01", "[1,]", "{\"a\"}", "\"\\ud83d\"", "\"\n\"", "nul", "1.", "{\"a\":1,}"}) {
    EXPECT_FALSE(takes(*any, text)) << text;
  }
  EXPECT_TRUE(takes(*compile_any_json_object(), "{\"a\":[1]}"));
  EXPECT_FALSE(takes(*compile_any_json_object(), "[1]"));
}

}  // namespace
}  // namespace estoc::grammar
