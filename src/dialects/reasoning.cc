#include "dialects/reasoning.h"

#include <array>

#include "dialects/call_format.h"
#include "dialects/held_text.h"
#include "dialects/name_list.h"

namespace estoc {
namespace {

constexpr std::array kStyles = {
    ReasoningStyle{"granite", "", "<think>", "</think>", "<response>", "</response>", "<response>"},
    ReasoningStyle{"seed_oss", "", "<seed:think>", "</seed:think>"},
    ReasoningStyle{"mistral", "", "[THINK]", "[/THINK]"},
    ReasoningStyle{"gemma4", "", "<|channel>thought\n", "<channel|>", "", "", "<|channel>thought"},
    ReasoningStyle{"command", "cohere_command3", "<|START_THINKING|>", "<|END_THINKING|>", "<|START_RESPONSE|>",
                   "<|END_RESPONSE|>"},
    ReasoningStyle{"think",
                   "deepseek_r1 deepseek_v3 qwen3 glm45 kimi_k2 minimax_m2 nemotron_v3 ernie45 olmo3 step3 holo2",
                   "<think>", "</think>"},
    ReasoningStyle{"thinking", "apriel", "<thinking>", "</thinking>"},
};

class ReasoningSplitter final : public PartSplitter {
 public:
  ReasoningSplitter(const ReasoningStyle& style, bool begins_inside, std::unique_ptr<PartSplitter> answer)
      : style_(style), answer_(std::move(answer)), state_(begins_inside ? State::opened : State::before) {}

  void push(std::string_view text, std::vector<Part>& parts) override {
    held_.add(text);
    while (!held_.empty() && step(parts)) {
    }
  }

  void finish(std::vector<Part>& parts) override {
    held_.close();
    while (!held_.empty() && step(parts)) {
    }
    answer_->finish(parts);
  }

 private:
  enum class State { before, opened, inside, behind, answer, marked_answer };

  bool step(std::vector<Part>& parts) {
    switch (state_) {
      case State::before:
        return step_before();
      case State::opened:
        return step_opened();
      case State::inside:
        return step_inside(parts);
      case State::behind:
        return step_behind();
      case State::answer:
        return step_answer(parts);
      case State::marked_answer:
        return step_marked_answer(parts);
    }
    return false;
  }

  bool step_before() {
    const size_t blanks = held_.blanks();
    const bool may_go_on = blanks == held_.text().size() && !held_.is_closed();
    if (may_go_on) return false;
    const Sight sight = held_.sees(style_.begin, blanks);
    if (sight == Sight::partly) return false;
    if (sight == Sight::no) return go(State::answer);
    held_.drop(blanks + style_.begin.size());
    return go(State::opened);
  }

  // Some models write a mark that the prompt had already.
  bool step_opened() {
    held_.drop(held_.blanks());
    if (held_.empty()) return false;
    const Sight sight = held_.sees(style_.begin);
    if (sight == Sight::partly) return false;
    if (sight == Sight::whole) held_.drop(style_.begin.size());
    return sight == Sight::whole ? true : go(State::inside);
  }

  bool step_inside(std::vector<Part>& parts) {
    const std::array marks{style_.end};
    const HeldText::Found found = held_.find(marks);
    // Blanks in front of the end mark are left out, so they wait for what follows them.
    size_t certain = found.at;
    while (certain > 0 && kBlanks.find(held_.text()[certain - 1]) != std::string_view::npos) --certain;
    if (held_.is_closed() && found.mark < 0) certain = held_.text().size();
    append_part(parts, PartKind::reasoning, held_.take(certain));
    if (found.mark < 0) return false;
    held_.drop(found.at - certain + style_.end.size());
    return go(State::behind);
  }

  bool step_behind() {
    held_.drop(held_.blanks());
    if (held_.empty()) return false;
    const Sight sight = held_.sees(style_.answer_begin);
    if (sight == Sight::partly) return false;
    if (sight == Sight::whole) held_.drop(style_.answer_begin.size());
    return go(sight == Sight::whole ? State::marked_answer : State::answer);
  }

  bool step_answer(std::vector<Part>& parts) {
    answer_->push(held_.text(), parts);
    held_.drop(held_.text().size());
    return false;
  }

  bool step_marked_answer(std::vector<Part>& parts) {
    const std::array marks{style_.answer_end};
    const HeldText::Found found = held_.find(marks);
    answer_->push(held_.take(found.at), parts);
    if (found.mark < 0) return false;
    held_.drop(style_.answer_end.size());
    return go(State::answer);
  }

  bool go(State state) {
    state_ = state;
    return true;
  }

  const ReasoningStyle& style_;
  std::unique_ptr<PartSplitter> answer_;
  State state_;
  HeldText held_;
};

}  // namespace

std::span<const ReasoningStyle> reasoning_styles() { return kStyles; }

const ReasoningStyle* find_reasoning_style(std::string_view name) {
  for (const ReasoningStyle& style : kStyles) {
    if (style.name == name || has_name(style.aliases, name)) return &style;
  }
  return nullptr;
}

const ReasoningStyle* detect_reasoning_style(std::string_view chat_template) {
  for (const ReasoningStyle& style : kStyles) {
    if (chat_template.find(style.seen_in) != std::string_view::npos) return &style;
  }
  return nullptr;
}

bool ends_in_reasoning(std::string_view prompt, const ReasoningStyle& style) {
  const auto without_blanks = [](std::string_view text) { return text.substr(0, text.find_last_not_of(kBlanks) + 1); };
  return without_blanks(prompt).ends_with(without_blanks(style.begin));
}

std::unique_ptr<PartSplitter> make_reasoning_splitter(const ReasoningStyle& style, bool begins_inside,
                                                      std::unique_ptr<PartSplitter> answer) {
  return std::make_unique<ReasoningSplitter>(style, begins_inside, std::move(answer));
}

Json with_reasoning(const ReasoningStyle& style, bool begins_inside, Json answer) {
  Json rest = Form::sequence({Form::any_text({style.end}), Form::text(style.end), Form::regex("[ \\t\\r\\n]{0,8}")});
  Json reasoning = begins_inside ? std::move(rest)
                                 : Form::optional(Form::sequence(
                                       {Form::regex("[ \\t\\r\\n]{0,8}"), Form::text(style.begin), std::move(rest)}));
  return Form::sequence({std::move(reasoning), std::move(answer)});
}

}  // namespace estoc
