#include "load/workload.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "base/utf8.h"
#include "load/passage.h"
#include "load/phrases.h"
#include "load/word_tokens.h"

namespace estoc {
namespace {

struct Category {
  const char* name;
  int words_min, words_max;  // of a turn
  int words_mean = 0;        // of first turns; 0: any
};
constexpr Category kCategories[] = {
    {"short", 15, 42}, {"medium", 170, 230, 200}, {"long", 1400, 1560, 1500},        {"code", 50, 200},
    {"math", 30, 90},  {"multi-turn", 8, 60},     {"long-context", 5400, 5700, 5500}};

std::vector<Conversation> draw_some(const WorkloadOptions& options, int count) {
  const auto workload = make_workload(options);
  std::vector<Conversation> all;
  for (int i = 0; i < count; ++i) all.push_back(workload->next());
  return all;
}

std::string whole_text(const Conversation& conversation) {
  std::string text = conversation.system;
  for (const Turn& turn : conversation.turns) text += "\n" + turn.text;
  return text;
}

std::string refusal(const WorkloadOptions& options) {
  try {
    make_workload(options);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Workload, TheSameSeedGivesTheSameConversations) {
  for (const char* name :
       {"short", "medium", "long", "multi-turn", "code", "math", "mixed", "synthetic", "shared-prefix"}) {
    const auto first = draw_some({.name = name, .seed = 7}, 20);
    const auto again = draw_some({.name = name, .seed = 7}, 20);
    const auto other = draw_some({.name = name, .seed = 8}, 20);
    for (size_t i = 0; i < first.size(); ++i) {
      EXPECT_EQ(whole_text(first[i]), whole_text(again[i])) << name;
      EXPECT_NE(whole_text(first[i]), whole_text(other[i])) << name;
      ASSERT_EQ(first[i].turns.size(), again[i].turns.size());
      for (size_t t = 0; t < first[i].turns.size(); ++t) {
        EXPECT_EQ(first[i].turns[t].think_s, again[i].turns[t].think_s);
        EXPECT_EQ(first[i].turns[t].output_tokens, again[i].turns[t].output_tokens);
      }
    }
  }
}

TEST(Workload, CategoriesHaveTheirLengthsAndNoTwoPromptsAreAlike) {
  for (const Category& category : kCategories) {
    std::set<std::string> seen;
    double words = 0;
    const int count = category.words_max > 1000 ? 40 : 500;
    for (const Conversation& one : draw_some({.name = category.name}, count)) {
      EXPECT_EQ(one.category, category.name);
      EXPECT_FALSE(one.at_s.has_value());
      EXPECT_EQ(one.turns.front().think_s, 0);
      EXPECT_TRUE(seen.insert(one.turns.front().text).second) << category.name << ": " << one.turns.front().text;
      for (const Turn& turn : one.turns) {
        EXPECT_GE(count_words(turn.text), category.words_min) << category.name << ": " << turn.text;
        EXPECT_LE(count_words(turn.text), category.words_max) << category.name << ": " << turn.text;
        EXPECT_GT(turn.output_tokens, 0);
        EXPECT_TRUE(is_valid_utf8(turn.text));
      }
      words += count_words(one.turns.front().text);
    }
    if (category.words_mean > 0) {
      EXPECT_NEAR(words / count, category.words_mean, 0.04 * category.words_mean) << category.name;
    }
  }
}

// A prefix cache must not be flattered: what two prompts begin with is shorter than a few blocks of tokens.
TEST(Workload, LongerPromptsDifferSoon) {
  for (const char* name : {"medium", "long", "long-context", "code"}) {
    constexpr int kCount = 100;
    std::set<std::string> beginnings;
    for (const Conversation& one : draw_some({.name = name}, kCount)) {
      beginnings.insert(one.turns.front().text.substr(0, 100));
    }
    EXPECT_GE(beginnings.size(), size_t{kCount} - 3) << name;
  }
}

TEST(Workload, MultiTurnHasTurnsAndPauses) {
  std::set<size_t> lengths;
  std::set<std::string> systems;
  for (const Conversation& one : draw_some({.name = "multi-turn"}, 100)) {
    lengths.insert(one.turns.size());
    systems.insert(one.system);
    for (size_t i = 1; i < one.turns.size(); ++i) {
      EXPECT_GE(one.turns[i].think_s, 1);
      EXPECT_LE(one.turns[i].think_s, 5);
    }
  }
  EXPECT_EQ(lengths, (std::set<size_t>{4, 5, 6}));
  EXPECT_GT(systems.size(), 1u);
  EXPECT_EQ(draw_some({.name = "multi-turn", .turns = 12}, 1)[0].turns.size(), 12u);
}

TEST(Workload, MixedHasEveryCategoryInItsShare) {
  std::map<std::string, int> counts;
  for (const Conversation& one : draw_some({.name = "mixed"}, 2000)) ++counts[one.category];
  EXPECT_EQ(counts.size(), std::size(kCategories));
  EXPECT_NEAR(counts["short"], 700, 100);
  EXPECT_NEAR(counts["medium"], 500, 100);
  EXPECT_NEAR(counts["long-context"], 40, 25);
}

TEST(Workload, SyntheticLengthsAreExact) {
  for (const Conversation& one :
       draw_some({.name = "synthetic", .input_tokens = 2000, .output_tokens = 9, .turns = 2}, 5)) {
    ASSERT_EQ(one.turns.size(), 2u);
    EXPECT_EQ(count_words(one.turns[0].text), 2000);
    EXPECT_EQ(count_words(one.turns[1].text), 2000);
    EXPECT_NE(one.turns[0].text, one.turns[1].text);
    EXPECT_EQ(one.turns[0].output_tokens, 9);
  }
}

TEST(Workload, SharedPrefixIsTheSameForAll) {
  const auto all = draw_some({.name = "shared-prefix", .prefix_tokens = 300}, 50);
  std::set<std::string> questions;
  for (const Conversation& one : all) {
    EXPECT_EQ(one.system, all[0].system);
    questions.insert(one.turns.at(0).text);
  }
  EXPECT_EQ(count_words(all[0].system), 300);
  EXPECT_EQ(questions.size(), all.size());
  const auto exact = draw_some({.name = "shared-prefix", .input_tokens = 40}, 2);
  EXPECT_EQ(count_words(exact[0].system), 1000);
  EXPECT_EQ(count_words(exact[0].turns[0].text), 40);
  EXPECT_NE(exact[0].turns[0].text, exact[1].turns[0].text);
}

TEST(Workload, OutputTokensCanBeGivenForAll) {
  for (const char* name :
       {"short", "medium", "long", "multi-turn", "code", "math", "mixed", "synthetic", "shared-prefix"}) {
    for (const Conversation& one : draw_some({.name = name, .output_tokens = 3}, 3)) {
      for (const Turn& turn : one.turns) EXPECT_EQ(turn.output_tokens, 3) << name;
    }
  }
}

TEST(Workload, RefusesWhatItCannotDo) {
  EXPECT_EQ(refusal({.name = "tall"}),
            "--workload: 'tall' is no workload; expected one of short, medium, long, multi-turn, code, math, "
            "long-context, mixed, "
            "synthetic, shared-prefix, trace");
  EXPECT_EQ(refusal({.name = "short", .input_tokens = 5}),
            "workload 'short' has its own input tokens; expected none to be given, got 5");
  EXPECT_EQ(refusal({.name = "code", .prefix_tokens = 5}),
            "workload 'code' has its own prefix tokens; expected none to be given, got 5");
  EXPECT_EQ(refusal({.name = "math", .turns = 2}),
            "workload 'math' has its own turns; expected none to be given, got 2");
  EXPECT_EQ(refusal({.name = "short", .output_tokens = -1}),
            "workload 'short': -1 output tokens; expected 0 .. 10000000");
  EXPECT_EQ(refusal({.name = "short", .trace_file = "a.csv"}),
            "a.csv: the workload 'short' reads no trace file; expected the workload trace");
  EXPECT_EQ(refusal({.name = "trace"}),
            "the workload trace needs a trace file; expected the path of a CSV or JSON lines");
  EXPECT_EQ(refusal({.name = "trace", .trace_file = "a.csv", .trace_speed = 0}),
            "trace speed 0: expected more than 0 and at most 1000000");
}

TEST(WordTokens, AShorterTextBeginsALongerOne) {
  const std::string text = word_tokens(3, 600);
  EXPECT_EQ(count_words(text), 600);
  EXPECT_TRUE(text.starts_with(word_tokens(3, 250) + " "));
  EXPECT_NE(text, word_tokens(4, 600));
  EXPECT_EQ(word_tokens(3, 0), "");
}

// Every choice of every slot can be filled: a pattern that names a slot that does not exist would end the program.
TEST(Phrases, EveryChoiceCanBeFilled) {
  std::set<std::string_view> names;
  for (const PhraseSlot& slot : phrase_slots()) {
    EXPECT_TRUE(names.insert(slot.name).second) << slot.name;
    EXPECT_GE(slot.choices.size(), 1u);
    for (const std::string_view choice : slot.choices) {
      Draw draw(1);
      const std::string text = Phrases(draw).fill(choice);
      EXPECT_FALSE(text.empty());
      EXPECT_EQ(text.find_first_of("{}#"), text.npos) << text;
    }
  }
}

TEST(Phrases, KeepsCapitalsNumbersAndBraces) {
  Draw draw(5);
  Phrases phrases(draw);
  EXPECT_EQ(phrases.fill("int f() { return {7..7}; } {}"), "int f() { return 7; } {}");
  const std::string kept = phrases.fill("{#who:person}");
  EXPECT_EQ(phrases.fill("{#who:person} and {#who:person}"), kept + " and " + kept);
  const std::string number = phrases.fill("{#n:1..1000000}");
  EXPECT_EQ(phrases.fill("{#n:1..1000000}"), number);
  const std::string place = phrases.fill("{#place}");
  EXPECT_EQ(place[0], 't');
  EXPECT_EQ(phrases.fill("a {18..18}"), "a 18");
  EXPECT_EQ(phrases.fill("{^#place}"), "T" + place.substr(1));
}

TEST(Phrases, ArticlesFitAndNeighboursDiffer) {
  Draw draw(6);
  int an = 0;
  for (int i = 0; i < 200; ++i) {
    Phrases phrases(draw);
    const std::string text = phrases.fill("a {animal} and a {animal}");
    const std::string second = text.substr(text.find(" and ") + 5);
    EXPECT_FALSE(text.starts_with(second + " and")) << text;
    an += text.starts_with("an otter");
    EXPECT_EQ(text.find("a otter"), text.npos);
  }
  EXPECT_GT(an, 0);
}

TEST(Passage, HasItsLength) {
  Draw draw(11);
  for (const int words : {1, 100, 1000}) {
    const std::string text = passage(draw, words);
    EXPECT_GE(count_words(text), words);
    EXPECT_LE(count_words(text), words + 45);
  }
}

}  // namespace
}  // namespace estoc
