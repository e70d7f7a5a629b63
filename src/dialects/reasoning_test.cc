#include "dialects/reasoning.h"

#include <gtest/gtest.h>

#include "dialects/dialect.h"
#include "dialects/test_writing.h"

namespace estoc {
namespace {

std::vector<Part> read(std::string_view style, bool begins_inside, std::string_view text,
                       const std::vector<size_t>& lengths = {}) {
  return split(*make_reasoning_splitter(*find_reasoning_style(style), begins_inside, make_content_splitter()), text,
               lengths);
}

Part reasoning(std::string text) { return {PartKind::reasoning, std::move(text)}; }
Part content(std::string text) { return {PartKind::content, std::move(text)}; }

TEST(Reasoning, StandsInFrontOfTheAnswer) {
  using Parts = std::vector<Part>;
  EXPECT_EQ(read("think", false, "<think>\nwhy\n</think>\n\nso"), (Parts{reasoning("why"), content("so")}));
  EXPECT_EQ(read("think", true, "why\n\nnot\n</think>so"), (Parts{reasoning("why\n\nnot"), content("so")}));
  EXPECT_EQ(read("think", true, "<think>why</think>so"), (Parts{reasoning("why"), content("so")}));
  EXPECT_EQ(read("think", false, "so <think>no</think>"), (Parts{content("so <think>no</think>")}));
  EXPECT_EQ(read("think", false, "<think>\n\n</think>\n\nso"), (Parts{content("so")}));
  EXPECT_EQ(read("think", true, "never ends \n"), (Parts{reasoning("never ends \n")}));
  EXPECT_EQ(read("think", false, " <thin"), (Parts{content(" <thin")}));
  EXPECT_EQ(read("think", false, ""), Parts{});
  EXPECT_EQ(read("granite", false, "<think>why</think> <response>so</response>"),
            (Parts{reasoning("why"), content("so")}));
  EXPECT_EQ(read("gemma4", false, "<|channel>thought\nwhy\n<channel|>so"), (Parts{reasoning("why"), content("so")}));
  EXPECT_EQ(read("mistral", false, "[THINK]why[/THINK]so"), (Parts{reasoning("why"), content("so")}));
}

TEST(Reasoning, CutAnywhereIsTheSame) {
  for (const ReasoningStyle& style : reasoning_styles()) {
    const std::string text = "\n" + std::string(style.begin) + "\nwhy < not\n\n" + std::string(style.end) + "\n " +
                             std::string(style.answer_begin) + "so " + std::string(style.answer_end);
    for (const bool begins_inside : {false, true}) {
      const std::vector<Part> whole = read(style.name, begins_inside, text);
      EXPECT_EQ(whole, (std::vector<Part>{reasoning("why < not"), content("so ")})) << style.name;
      for (size_t at = 1; at < text.size(); ++at) {
        ASSERT_EQ(read(style.name, begins_inside, text, {at}), whole) << style.name << " at " << at;
      }
      ASSERT_EQ(read(style.name, begins_inside, text, std::vector<size_t>(text.size(), 1)), whole) << style.name;
    }
  }
}

TEST(Reasoning, CallsFollow) {
  const auto splitter =
      make_reasoning_splitter(*find_reasoning_style("qwen3"), true, find_dialect("hermes")->make_splitter({}));
  const std::vector<Part> parts =
      split(*splitter,
            "I could <tool_call> now.\n</think>\n\n<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>");
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[0], reasoning("I could <tool_call> now."));
  EXPECT_EQ(parts[1].text, "f");
  EXPECT_EQ(parts[2].text, "{}");
}

TEST(Reasoning, IsSeenInTemplatesAndPrompts) {
  EXPECT_EQ(detect_reasoning_style("{{ '<think>' }}")->name, "think");
  EXPECT_EQ(detect_reasoning_style("<think></think> <response></response>")->name, "granite");
  EXPECT_EQ(detect_reasoning_style("{{ message.content }}"), nullptr);
  const ReasoningStyle& think = *find_reasoning_style("think");
  EXPECT_TRUE(ends_in_reasoning("<|im_start|>assistant\n<think>\n", think));
  EXPECT_FALSE(ends_in_reasoning("<|im_start|>assistant\n<think>\n\n</think>\n\n", think));
  EXPECT_FALSE(ends_in_reasoning("<|im_start|>assistant\n", think));
}

}  // namespace
}  // namespace estoc
