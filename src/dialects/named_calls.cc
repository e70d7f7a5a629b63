#include "dialects/named_calls.h"

#include <array>

#include "dialects/json_extent.h"

namespace estoc {
namespace {

constexpr size_t kNameBytesMax = 512;  // longer is no name

std::string_view trimmed(std::string_view text) {
  const size_t begin = std::min(text.find_first_not_of(kBlanks), text.size());
  return text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

class NamedSplitter final : public CallSplitter {
 public:
  NamedSplitter(const NamedCalls& dialect, CallContext context)
      : CallSplitter(std::move(context), dialect.ids), dialect_(dialect) {}

 private:
  enum class State { content, section, name, before_arguments, arguments, tail };

  bool step() override {
    switch (state_) {
      case State::content:
        return step_content();
      case State::section:
        return step_section();
      case State::name:
        return step_name();
      case State::before_arguments:
        return step_before_arguments();
      case State::arguments:
        return step_arguments();
      case State::tail:
        return step_tail();
    }
    return false;
  }

  bool step_content() {
    const std::array marks{dialect_.section_begin, dialect_.call_begin, dialect_.section_end};
    const HeldText::Found found = held_.find(marks);
    out_.content(held_.take(found.at));
    if (found.mark < 0) return false;
    take_raw(marks[static_cast<size_t>(found.mark)].size());
    // A section that ends without having begun is what models write behind calls without one.
    if (found.mark == 2 && out_.call_count() > 0) forget_raw();
    if (found.mark == 2) give_raw_back();
    return go(found.mark == 0 ? State::section : found.mark == 1 ? State::name : State::content);
  }

  // Between two calls of a section.
  bool step_section() {
    const size_t blanks = held_.blanks();
    if (blanks > 0) {
      take_raw(blanks);
      return true;
    }
    for (const std::string_view mark : {dialect_.call_begin, dialect_.section_end}) {
      const Sight sight = held_.sees(mark);
      if (sight == Sight::partly) return false;
      if (sight == Sight::no) continue;
      take_raw(mark.size());
      if (mark == dialect_.call_begin) return go(State::name);
      if (has_call_) forget_raw();
      return leave();
    }
    if (has_call_) forget_raw();
    return leave();
  }

  bool step_name() {
    const std::array marks{dialect_.name_end, std::string_view("{")};
    const HeldText::Found found = held_.find(marks);
    if (found.at > kNameBytesMax) return leave();
    if (found.mark < 0) return false;
    const std::string_view written = trimmed(held_.text().substr(0, found.at));
    name_ = dialect_.read_name == nullptr ? WrittenName{std::string(written), {}} : dialect_.read_name(written);
    take_raw(found.at + (found.mark == 0 ? dialect_.name_end.size() : 0));
    if (name_.name.empty()) return leave();
    return go(State::before_arguments);
  }

  bool step_before_arguments() {
    const size_t blanks = held_.blanks();
    if (blanks > 0) {
      take_raw(blanks);
      return true;
    }
    if (held_.text().front() != '{') return leave();
    forget_raw();
    out_.begin_call(name_.name, name_.id);
    has_call_ = true;
    extent_ = {};
    return go(State::arguments);
  }

  bool step_arguments() {
    std::string arguments;
    held_.drop(extent_.copy(held_.text(), arguments));
    out_.arguments(arguments);
    if (!extent_.is_done() && !extent_.is_wrong()) return false;
    out_.end_call();
    return extent_.is_done() ? go(State::tail) : leave();
  }

  bool step_tail() {
    const size_t blanks = held_.blanks();
    bool waits = false;
    for (const std::string_view mark : {trimmed(dialect_.arguments_end), dialect_.call_end}) {
      const Sight sight = held_.sees(mark, blanks);
      waits = waits || sight == Sight::partly;
      if (sight != Sight::whole) continue;
      held_.drop(blanks + mark.size());
      return mark == dialect_.call_end ? go_on() : true;
    }
    return waits ? false : go_on();
  }

  // Behind a call: another of the section, or content.
  bool go_on() { return go(dialect_.section_begin.empty() ? State::content : State::section); }

  // No call, or none any more: what was kept and what follows are content.
  bool leave() {
    give_raw_back();
    has_call_ = false;
    return go(State::content);
  }

  bool go(State state) {
    state_ = state;
    return true;
  }

  const NamedCalls& dialect_;
  State state_ = State::content;
  WrittenName name_;
  JsonExtent extent_;
  bool has_call_ = false;  // since the section began
};

}  // namespace

std::unique_ptr<PartSplitter> make_named_splitter(const NamedCalls& dialect, CallContext context) {
  return std::make_unique<NamedSplitter>(dialect, std::move(context));
}

CallFormat named_format(const NamedCalls& dialect, const CallRules& rules) {
  Json::Array calls;
  for (const Tool& tool : rules.tools) {
    calls.push_back(
        Form::sequence({dialect.write_name == nullptr ? Form::text(tool.name) : dialect.write_name(tool.name),
                        Form::text(dialect.name_end), Form::schema(arguments_schema(tool))}));
  }
  Json call = Form::sequence({Form::text(dialect.call_begin), Form::either(std::move(calls)),
                              Form::text(std::string(dialect.arguments_end) + std::string(dialect.call_end))});
  if (rules.may_be_parallel) call = Form::several(std::move(call), dialect.separator);
  return format_with_trigger(
      dialect.section_begin.empty() ? dialect.call_begin : dialect.section_begin,
      Form::sequence({Form::text(dialect.section_begin), std::move(call), Form::text(dialect.section_end)}));
}

}  // namespace estoc
