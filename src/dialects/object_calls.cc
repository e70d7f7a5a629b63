#include "dialects/object_calls.h"

#include <array>

namespace estoc {
namespace {

class ObjectSplitter final : public CallSplitter {
 public:
  ObjectSplitter(const ObjectCalls& dialect, CallContext context)
      : CallSplitter(std::move(context), dialect.ids), dialect_(dialect) {}

 private:
  enum class State { start, content, section, object };

  bool step() override {
    switch (state_) {
      case State::start:
        return step_start();
      case State::content:
        return step_content();
      case State::section:
        return step_section();
      case State::object:
        return step_object();
    }
    return false;
  }

  // Before anything was said: without a mark only the very beginning may be a call.
  bool step_start() {
    if (!dialect_.may_lack_begin) return go(State::content);
    const size_t blanks = held_.blanks();
    if (blanks > 0) {
      take_raw(blanks);
      return true;
    }
    const bool is_object = held_.text().front() == '{';
    if (is_object) return begin_object(true);
    give_raw_back();
    return go(State::content);
  }

  bool step_content() {
    const std::array marks{dialect_.begin};
    const HeldText::Found found = held_.find(marks);
    out_.content(held_.take(found.at));
    if (found.mark < 0) return false;
    take_raw(dialect_.begin.size());
    calls_before_ = out_.call_count();
    return go(State::section);
  }

  bool step_section() {
    const size_t filler = std::min(held_.text().find_first_not_of(" \t\r\n,;[]"), held_.text().size());
    const bool has_calls = out_.call_count() > calls_before_;
    const auto pass = [&](size_t bytes) { has_calls ? held_.drop(bytes) : take_raw(bytes); };
    if (filler > 0) {
      pass(filler);
      return true;
    }
    if (held_.text().front() == '{') return begin_object(is_bare_);
    for (const std::string_view mark : {dialect_.end, dialect_.begin}) {
      const Sight sight = held_.sees(mark);
      if (sight == Sight::partly) return false;
      if (sight == Sight::no) continue;
      pass(mark.size());
      give_raw_back();
      return go(mark == dialect_.end ? State::content : State::section);
    }
    return end_section();
  }

  bool step_object() {
    const size_t bytes = object_.read(held_.text(), out_);
    take_raw(bytes);
    if (object_.has_begun()) forget_raw();
    if (object_.is_wrong()) {
      out_.end_call();
      return end_section();
    }
    if (object_.is_done()) return go(State::section);
    return false;
  }

  bool begin_object(bool is_bare) {
    is_bare_ = is_bare;
    CallObjectNames names = dialect_.names;
    names.only_known = is_bare;
    object_ = CallObject(names);
    return go(State::object);
  }

  // Something that is no call: what was kept of it and what follows are content.
  bool end_section() {
    give_raw_back();
    is_bare_ = false;
    return go(State::content);
  }

  bool go(State state) {
    state_ = state;
    return true;
  }

  const ObjectCalls& dialect_;
  State state_ = State::start;
  CallObject object_;
  int calls_before_ = 0;
  bool is_bare_ = false;  // the object that is read stood behind no mark
};

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

Json object_text(const ObjectCalls& dialect, const Tool& tool) {
  const std::string head =
      "{" + quoted(dialect.names.name) + ": " + quoted(tool.name) + ", " + quoted(dialect.names.arguments) + ": ";
  return Form::sequence({Form::text(head), Form::schema(arguments_schema(tool)), Form::text("}")});
}

}  // namespace

std::unique_ptr<PartSplitter> make_object_splitter(const ObjectCalls& dialect, CallContext context) {
  return std::make_unique<ObjectSplitter>(dialect, std::move(context));
}

CallFormat object_format(const ObjectCalls& dialect, const CallRules& rules) {
  Json::Array objects;
  for (const Tool& tool : rules.tools) objects.push_back(object_text(dialect, tool));
  const Json object = Form::either(std::move(objects));
  // Where the mark may be missing it mostly is.
  const std::string begin(dialect.may_lack_begin ? std::string_view() : dialect.begin), blank(dialect.blank);
  Json calls;
  if (dialect.is_list) {
    calls = Form::sequence({Form::text(begin + "["), rules.may_be_parallel ? Form::several(object, ", ") : object,
                            Form::text("]" + std::string(dialect.end))});
  } else {
    calls = Form::sequence({Form::text(begin + blank), object, Form::text(blank + std::string(dialect.end))});
    if (rules.may_be_parallel) calls = Form::several(std::move(calls), dialect.separator);
  }
  return begin.empty() ? format_at_beginning("{", std::move(calls)) : format_with_trigger(begin, std::move(calls));
}

}  // namespace estoc
