#include <gtest/gtest.h>

#include <random>

#include "base/utf8.h"
#include "dialects/dialect.h"
#include "dialects/test_writing.h"

namespace estoc {
namespace {

std::shared_ptr<const Tools> test_tools() {
  static const auto kTools = std::make_shared<const Tools>(Tools{
      {"get_weather", parse_json(R"({"type": "object", "properties": {"city": {"type": "string"},
          "note": {"type": "string"}, "days": {"type": "integer"}, "exact": {"type": "boolean"},
          "tags": {"type": "array"}, "more": {"type": "object"}, "unit": {"anyOf": [{"type": "string"},
          {"type": "null"}]}, "ratio": {"type": "number"}}, "required": ["city"]})")},
      {"now", Json()},
  });
  return kTools;
}

CallContext context() { return {test_tools(), "answer 1"}; }

std::vector<WrittenCall> some_calls() {
  return {
      {"get_weather", parse_json(R"({"city": "Zürich 😀", "days": 3, "exact": true})")},
      {"now", parse_json("{}")},
      {"get_weather", parse_json(R"({"city": "it's \"here\" \\ {a: [1]}", "note": "line 1\n  line 2\n", "unit": null,
          "tags": ["a", {"b": null}, -1.5], "more": {"x": {"y": []}, "z": false}, "ratio": 0.25})")},
  };
}

void expect_calls(const std::vector<Part>& parts, const std::vector<WrittenCall>& calls, std::string_view what) {
  const std::vector<WrittenCall> found = calls_of(parts);
  ASSERT_EQ(found.size(), calls.size()) << what;
  for (size_t i = 0; i < calls.size(); ++i) {
    EXPECT_EQ(found[i].name, calls[i].name) << what;
    EXPECT_EQ(to_json(found[i].arguments), to_json(calls[i].arguments)) << what;
  }
}

bool takes_text_in_front(std::string_view name) {
  return name != "llama3_json" && name != "pythonic" && name != "openai";
}

TEST(Dialects, EachHasAWriterHere) {
  EXPECT_EQ(call_writers().size(), dialects().size());
  for (const Dialect* dialect : dialects()) {
    EXPECT_TRUE(call_writers().contains(dialect->name)) << dialect->name;
    EXPECT_EQ(find_dialect(dialect->name), dialect);
  }
  EXPECT_EQ(find_dialect("qwen3_xml"), find_dialect("qwen3_coder"));
  EXPECT_EQ(find_dialect("qwen3_"), nullptr);
  EXPECT_EQ(find_dialect(""), nullptr);
}

TEST(Dialects, WhatIsWrittenIsRead) {
  for (const Dialect* dialect : dialects()) {
    for (size_t count : {0, 1, 3}) {
      std::vector<WrittenCall> calls = some_calls();
      calls.resize(count);
      const std::string text = call_writers().at(dialect->name)(calls);
      const std::vector<Part> parts = split(*dialect->make_splitter(context()), text);
      expect_calls(parts, calls, std::string(dialect->name) + ": " + text);
      EXPECT_EQ(text_of(parts, PartKind::content), "") << dialect->name << ": " << text;
    }
  }
}

TEST(Dialects, CutAnywhereIsTheSame) {
  for (const Dialect* dialect : dialects()) {
    std::string text = call_writers().at(dialect->name)(some_calls());
    if (takes_text_in_front(dialect->name)) text = "I look < that up:\n\n" + text;
    const std::vector<Part> whole = split(*dialect->make_splitter(context()), text);
    if (takes_text_in_front(dialect->name)) {
      EXPECT_EQ(text_of(whole, PartKind::content), "I look < that up:") << dialect->name;
    }
    for (size_t at = 1; at < text.size(); ++at) {
      ASSERT_EQ(split(*dialect->make_splitter(context()), text, {at}), whole) << dialect->name << " at " << at;
    }
    const std::vector<size_t> bytes(text.size(), 1);
    ASSERT_EQ(split(*dialect->make_splitter(context()), text, bytes), whole) << dialect->name;
  }
}

TEST(Dialects, CutShortNothingIsTakenBack) {
  for (const Dialect* dialect : dialects()) {
    const std::string text = call_writers().at(dialect->name)(some_calls());
    const std::vector<Part> whole = split(*dialect->make_splitter(context()), text);
    for (size_t size = 0; size < text.size(); ++size) {
      std::vector<Part> parts;
      const auto splitter = dialect->make_splitter(context());
      splitter->push(std::string_view(text).substr(0, size), parts);
      const std::string begun = text_of(parts);
      EXPECT_TRUE(text_of(whole).starts_with(begun)) << dialect->name << " at " << size << ": " << begun;
      splitter->finish(parts);
      EXPECT_TRUE(text_of(parts).starts_with(begun)) << dialect->name;
    }
  }
}

TEST(Dialects, TextWithoutCallsIsContent) {
  for (const Dialect* dialect : dialects()) {
    for (const std::string text : {"plain", "a < b [1] {\"a\": 1} and <tool", "  \n", "{\"answer\": 42}", "[1, 2]",
                                   "{\"name\": \"nobody\"}", "<", "[TOOL", "some text\n\n", "[f(1)]"}) {
      if (dialect->name == "openai" && text == "  \n") continue;
      EXPECT_EQ(split(*dialect->make_splitter(context()), text), (std::vector<Part>{{PartKind::content, text}}))
          << dialect->name << ": " << text;
    }
  }
}

TEST(Dialects, MarksWithinStringsAreText) {
  for (const Dialect* dialect : dialects()) {
    const CallWriter& write = call_writers().at(dialect->name);
    std::vector<WrittenCall> calls = some_calls();
    calls.resize(1);
    for (const Dialect* other : dialects()) {
      // Where strings stand as they are, that dialect's own quotes and endings are what they end with.
      const bool has_quotes = dialect->name != "gemma4" && dialect->name != "functiongemma";
      const bool is_plain =
          call_writers().at(dialect->name)({{"f", parse_json(R"({"a": "\""})")}}).find("\\\"") == std::string::npos;
      if (other == dialect && (is_plain || !has_quotes || dialect->name == "openai")) continue;
      if (dialect->name == "openai") continue;
      calls[0].arguments.set("note", Json(call_writers().at(other->name)(some_calls())));
      const bool shares_ends =
          is_plain && (other->name == "qwen3_coder" || other->name == "seed_oss" || other->name == "minimax_m2" ||
                       other->name.starts_with("glm") || other->name == "functionary_v3_1" || other->name == "hermes");
      if (shares_ends || other->name.find("gemma") != std::string_view::npos) continue;
      const std::string text = write(calls);
      expect_calls(split(*dialect->make_splitter(context()), text), calls, std::string(dialect->name) + ": " + text);
    }
  }
}

TEST(Dialects, IdsAreUniqueAndOfTheDialectsKind) {
  for (const Dialect* dialect : dialects()) {
    const std::string text = call_writers().at(dialect->name)(some_calls());
    std::vector<std::string> ids;
    for (const Part& part : split(*dialect->make_splitter(context()), text)) {
      if (part.kind == PartKind::tool_call) ids.push_back(part.call_id);
    }
    ASSERT_EQ(ids.size(), 3u);
    EXPECT_NE(ids[0], ids[2]);
    if (dialect->name.starts_with("mistral")) {
      EXPECT_EQ(ids[0].size(), 9u);
    } else if (dialect->name == "kimi_k2") {
      EXPECT_EQ(ids[2], "functions.get_weather:2");
    } else {
      EXPECT_EQ(ids[0].size(), 29u);
    }
  }
}

// Any bytes, among them the marks: nothing is lost but blanks and marks, and pieces make no difference.
TEST(Dialects, WhateverIsWrittenPiecesMakeNoDifference) {
  std::mt19937 random(1);
  for (const Dialect* dialect : dialects()) {
    const std::string sample = call_writers().at(dialect->name)(some_calls());
    for (int round = 0; round < 300; ++round) {
      std::string text;
      for (int i = 0; i < 6; ++i) {
        const size_t from = random() % sample.size();
        text += sample.substr(from, random() % 40);
        if (random() % 3 == 0) text += "{}[]\"'=:,()<>\n a"[random() % 16];
      }
      const std::vector<Part> whole = split(*dialect->make_splitter(context()), text);
      const std::vector<size_t> bytes(text.size(), 1);
      ASSERT_EQ(split(*dialect->make_splitter(context()), text, bytes), whole) << dialect->name << ": " << text;
    }
  }
}

std::vector<Part> read_as(std::string_view dialect, std::string_view text) {
  return split(*find_dialect(dialect)->make_splitter(context()), text);
}

TEST(Dialects, CallsThatAreNoneAreContentAsWritten) {
  for (const auto& [dialect, text] : std::vector<std::pair<std::string_view, std::string>>{
           {"hermes", "<tool_call>\nget_weather(city)\n</tool_call>"},
           {"hermes", "<tool_call>\n{\"arguments\": {}}\n</tool_call>"},
           {"hermes", "<tool_call></tool_call>"},
           {"hermes", "see <tool_call>"},
           {"qwen3_coder", "<tool_call>\n{\"name\": \"now\"}\n</tool_call>"},
           {"mistral_named", "[TOOL_CALLS]now[ARGS]none"},
           {"kimi_k2", "<|tool_calls_section_begin|>now<|tool_calls_section_end|>"},
           {"lfm2", "<|tool_call_start|>nothing<|tool_call_end|>"},
           {"llama3_json", "{\"name\": \"unknown\", \"parameters\": {}}"},
           {"pythonic", "[unknown(a=1)]"},
       }) {
    EXPECT_EQ(read_as(dialect, text), (std::vector<Part>{{PartKind::content, text}})) << dialect;
  }
}

TEST(Dialects, ArgumentsAreFoundHoweverAnObjectIsWritten) {
  for (const std::string text : {
           R"({"arguments": {"city": "a"}, "name": "get_weather"})",
           R"({"name": "get_weather", "arguments": "{\"city\": \"a\"}"})",
           R"({"type": "function", "name": "get_weather", "id": {"x": [1]}, "parameters": {"city": "a"}})",
           R"([{"name":"get_weather","arguments":{"city":"a"}}])",
           R"({ "name" : "get_weather" , "arguments" : { "city" : "a" } } )",
       }) {
    expect_calls(read_as("hermes", "<tool_call>" + text + "</tool_call>"),
                 {{"get_weather", parse_json(R"({"city": "a"})")}}, text);
  }
  expect_calls(read_as("hermes", R"(<tool_call>{"name": "now"}</tool_call>)"), {{"now", parse_json("{}")}}, "none");
  expect_calls(read_as("hermes", R"(<tool_call>{"name": "now", "arguments": null}</tool_call>)"),
               {{"now", parse_json("{}")}}, "null");
  expect_calls(read_as("hermes", "<tool_call>{\"name\": \"get_weather\", \"arguments\": {\"city\": \"a\nb\"}}"),
               {{"get_weather", parse_json(R"({"city": "a\nb"})")}}, "line feed in a string");
}

TEST(Dialects, PlainValuesGetTheTypesOfTheSchema) {
  const auto read = [](std::string key, std::string value) {
    const auto parts = read_as("qwen3_coder", "<tool_call>\n<function=get_weather>\n<parameter=" + key + ">\n" + value +
                                                  "\n</parameter>\n</function>\n</tool_call>");
    return to_json(calls_of(parts).at(0).arguments);
  };
  EXPECT_EQ(read("city", "12"), R"({"city":"12"})");
  EXPECT_EQ(read("city", ""), R"({"city":""})");
  EXPECT_EQ(read("city", "true"), R"({"city":"true"})");
  EXPECT_EQ(read("days", "12"), R"({"days":12})");
  EXPECT_EQ(read("days", "twelve"), R"({"days":"twelve"})");
  EXPECT_EQ(read("exact", "True"), R"({"exact":true})");
  EXPECT_EQ(read("more", "{'x': [None, 'a \\' b']}"), R"({"more":{"x":[null,"a ' b"]}})");
  EXPECT_EQ(read("unit", "null"), R"({"unit":null})");
  EXPECT_EQ(read("unit", "12"), R"({"unit":"12"})");
  EXPECT_EQ(read("unknown", "[1, 2]"), R"({"unknown":[1,2]})");
  EXPECT_EQ(read("city", "</parameter> is a tag\n"), R"({"city":"</parameter> is a tag\n"})");
}

TEST(Dialects, MarksMayBeMissingWhereModelsForgetThem) {
  const std::vector<WrittenCall> now = {{"now", parse_json("{}")}};
  for (const auto& [dialect, text] : std::vector<std::pair<std::string_view, std::string_view>>{
           {"hermes", "<tool_call>\n{\"name\": \"now\", \"arguments\": {}}"},
           {"qwen3_coder", "<function=now>\n</function>\n</tool_call>"},
           {"qwen3_coder", "<tool_call><function=now></tool_call>"},
           {"llama3_json", "<|python_tag|>{\"name\": \"now\", \"parameters\": {}}"},
           {"lfm2", "[now()]"},
           {"mistral_named", "[TOOL_CALLS]now{}"},
           {"mistral_named", "[TOOL_CALLS]now[CALL_ID]abcdefghi[ARGS]{}"},
           {"openai", " to=functions.now<|channel|>commentary json<|message|>{}"},
           {"deepseek_v31", "<｜tool▁call▁begin｜>now<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>"},
           {"granite", "<|tool_call|> {\"name\": \"now\", \"arguments\": {}}"},
       }) {
    expect_calls(read_as(dialect, text), now, std::string(dialect) + ": " + std::string(text));
  }
}

TEST(Dialects, HarmonyTellsChannelsApart) {
  EXPECT_EQ(read_as("openai",
                    "<|channel|>analysis<|message|>hm < ok<|end|><|start|>assistant<|channel|>final<|message|>"
                    "Hello"),
            (std::vector<Part>{{PartKind::reasoning, "hm < ok"}, {PartKind::content, "Hello"}}));
  EXPECT_EQ(read_as("openai",
                    "<|channel|>commentary<|message|>First.<|end|><|start|>assistant<|channel|>commentary "
                    "to=functions.now <|constrain|>json<|message|>{}<|call|>")
                .size(),
            3u);
  EXPECT_EQ(read_as("openai", "Hello"), (std::vector<Part>{{PartKind::content, "Hello"}}));
}

TEST(Dialects, AreRecognizedByTheirTemplates) {
  for (const auto& [text, name] : std::vector<std::pair<std::string_view, std::string_view>>{
           {"{{ '<tool_call>' }}", "hermes"},
           {"{{ '<tool_call><function=' ~ n ~ '><parameter=' }}", "qwen3_coder"},
           {"<tool_call>{{ n }}\n<arg_key>k</arg_key>\n<arg_value>", "glm45"},
           {"<tool_call>{{ n }}<arg_key>k</arg_key><arg_value>", "glm47"},
           {"[TOOL_CALLS][", "mistral"},
           {"[TOOL_CALLS]{{ n }}[ARGS]", "mistral_named"},
           {"<｜tool▁calls▁begin｜>```json", "deepseek_v3"},
           {"<｜tool▁calls▁begin｜>", "deepseek_v31"},
           {"<|start_of_role|><|tool_call|>", "granite"},
           {"<|tool|>{{ t }}<|/tool|>", "phi4_mini_json"},
           {"<|channel|><|message|>", "openai"},
       }) {
    ASSERT_NE(detect_dialect(text), nullptr) << text;
    EXPECT_EQ(detect_dialect(text)->name, name) << text;
  }
  EXPECT_EQ(detect_dialect("{% for m in messages %}{{ m.content }}{% endfor %}"), nullptr);
}

}  // namespace
}  // namespace estoc
