#include "grammar/constraint_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/error.h"
#include "grammar/test_bpe_tokenizer.h"
#include "grammar/text_format.h"

namespace estoc::grammar {
namespace {

const TestBpe& bpe() {
  static const TestBpe made({{"t", "r"}, {"u", "e"}});
  return made;
}

TEST(ConstraintCache, CompilesOnceAndFindsByContent) {
  ConstraintCache cache(*bpe().tokenizer, bpe().count());
  EXPECT_EQ(cache.find(regex_source("a+")), nullptr);
  const auto first = cache.get(regex_source("a+"));
  EXPECT_EQ(cache.get(regex_source("a+")), first);
  EXPECT_EQ(cache.find(regex_source("a+")), first);
  EXPECT_NE(cache.get(gbnf_source("root ::= \"a\"+")), first);
  const ConstraintStats stats = cache.stats();
  EXPECT_EQ(stats.compiled, 2u);
  EXPECT_EQ(stats.found, 2u);
  EXPECT_EQ(stats.kept, 2u);
  EXPECT_GT(stats.kept_bytes, 100u);
}

TEST(ConstraintCache, KeysTellSourcesApart) {
  const Json schema = parse_json(R"({"type":"string"})");
  StructuralTags tags{.tags = {{"<a>", TagExpression{"x"}, "</a>"}}, .triggers = {"<"}};
  StructuralTags others = tags;
  others.tags.front().content = TagGbnf{"x"};
  const std::vector<std::string> keys = {
      json_schema_source(schema, {}).key,
      json_schema_source(schema, {.allows_blanks = true}).key,
      json_schema_source(schema, {.any_property_order = true}).key,
      any_json_object_source({}).key,
      regex_source("a").key,
      gbnf_source("a").key,
      lark_source("a").key,
      choices_source({"a", "b"}).key,
      choices_source({"a 1:b"}).key,
      choices_source({"ab"}).key,
      structural_tags_source(tags).key,
      structural_tags_source(others).key,
      behind_mark("</think>", regex_source("a")).key,
      repeated(regex_source("a")).key,
  };
  for (size_t i = 0; i < keys.size(); ++i) {
    for (size_t j = 0; j < i; ++j) EXPECT_NE(keys[i], keys[j]) << i << " " << j;
  }
}

TEST(ConstraintCache, ControlMarksAreAllowedWhereAFormatAsksForThem) {
  const auto end = static_cast<TokenId>(TestBpe::kEnd);
  ConstraintCache cache(*bpe().tokenizer, bpe().count(), limits::kCompiledBytesMax, {end});
  const std::string mark(bpe().tokenizer->token_bytes(end));
  const auto constraint = cache.get(text_format_source(
      {parse_json(R"({"type": "sequence", "elements": [{"type": "any_text", "excludes": []}, {"type": "const_string",
                      "value": )" +
                  to_json(Json(mark + "u")) + "}]}"),
       {mark},
       {},
       {}}));
  const auto place = constraint->start({}, {});
  for (const TokenId token : bpe().tokenizer->encode("re", {})) EXPECT_TRUE(place->accept(token));
  EXPECT_TRUE(place->accept(end));
  EXPECT_FALSE(place->accept(end));
}

TEST(ConstraintCache, ForgetsWhatWasUsedLeastRecently) {
  ConstraintCache cache(*bpe().tokenizer, bpe().count(), 1);  // room for the last one
  const auto first = cache.get(regex_source("a+"));
  const auto second = cache.get(regex_source("b+"));
  EXPECT_EQ(cache.find(regex_source("a+")), nullptr);
  EXPECT_EQ(cache.find(regex_source("b+")), second);
  EXPECT_EQ(cache.stats().kept, 1u);
  const auto place = first->start({}, {});  // whoever has it keeps it
  EXPECT_TRUE(place->accept(bpe().id("a")));
}

TEST(ConstraintCache, WhatIsRefusedIsNotKept) {
  ConstraintCache cache(*bpe().tokenizer, bpe().count());
  EXPECT_THROW(cache.get(regex_source("(")), Error);
  EXPECT_THROW(cache.get(regex_source("(")), Error);
  EXPECT_THROW(cache.get(regex_source(std::string(limits::kSourceBytesMax, 'a'))), Error);
  EXPECT_EQ(cache.stats().failed, 2u);
  EXPECT_EQ(cache.stats().kept, 0u);
}

TEST(ConstraintCache, ManyAtOnceWaitForOneCompile) {
  ConstraintCache cache(*bpe().tokenizer, bpe().count());
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 20; ++round) {
        const auto constraint = cache.get(regex_source("[a-c]{" + std::to_string(round + 1) + "}"));
        const auto place = constraint->start({}, {});
        if (!place->accept(bpe().id("b"))) ++failures;
        try {
          cache.get(regex_source("[" + std::to_string(round)));
          ++failures;
        } catch (const Error&) {  // each of them is told
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(cache.stats().compiled, 20u);
  EXPECT_EQ(cache.stats().failed, 8u * 20);
}

TEST(ConstraintCache, WarmsJson) {
  ConstraintCache cache(*bpe().tokenizer, bpe().count());
  cache.warm_json();
  EXPECT_NE(cache.find(any_json_object_source({})), nullptr);
}

// The mark ends what is free; blanks may follow it.
TEST(ConstraintCache, BehindAMark) {
  ConstraintCache cache(*bpe().tokenizer, bpe().count());
  const auto constraint = cache.get(behind_mark("</t>", choices_source({"true"})));
  for (const char* text : {"</t>true", "so, <t></t\n</t>\n\n true", "true</t>true"}) {
    const auto place = constraint->start(std::vector<TokenId>{TestBpe::kEnd}, {});
    for (const char* c = text; *c != 0; ++c) ASSERT_TRUE(place->accept(bpe().id(std::string(1, *c)))) << text;
    EXPECT_TRUE(place->accept(TestBpe::kEnd)) << text;
  }
  const auto place = constraint->start(std::vector<TokenId>{TestBpe::kEnd}, {});
  EXPECT_FALSE(place->accept(TestBpe::kEnd));  // not before the mark
  for (const char* c = "</t>"; *c != 0; ++c) ASSERT_TRUE(place->accept(bpe().id(std::string(1, *c))));
  EXPECT_FALSE(place->accept(bpe().id("x")));
}

TEST(ConstraintCache, OneALine) {
  ConstraintCache cache(*bpe().tokenizer, bpe().count());
  const auto place = cache.get(repeated(regex_source("a+")))->start(std::vector<TokenId>{TestBpe::kEnd}, {});
  for (const char* c = "a\naa\na"; *c != 0; ++c) ASSERT_TRUE(place->accept(bpe().id(std::string(1, *c))));
  EXPECT_TRUE(place->accept(TestBpe::kEnd));
}

}  // namespace
}  // namespace estoc::grammar
