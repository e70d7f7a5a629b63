#include "dialects/named_calls.h"

#include <array>

#include "dialects/json_extent.h"

namespace estoc {
namespace {

class NamedSplitter final : public SteppedSplitter<NamedSplitter> {
 public:
  NamedSplitter(const NamedCalls& dialect, CallContext context)
      : SteppedSplitter(std::move(context), dialect.ids, &Self::step_content), dialect_(dialect) {}

 private:
  bool step_content() {
    const std::array marks{dialect_.section_begin, dialect_.call_begin, dialect_.section_end};
    const HeldText::Found found = held_.find(marks);
    out_.content(held_.take(found.at));
    if (found.mark < 0) return false;
    take_raw(marks[static_cast<size_t>(found.mark)].size());
    // A section that ends without having begun is what models write behind calls without one.
    if (found.mark == 2 && out_.call_count() > 0) forget_raw();
    if (found.mark == 2) give_raw_back();
    return go(found.mark == 0 ? &Self::step_section : found.mark == 1 ? &Self::step_name : &Self::step_content);
  }

  // Between two calls of a section.
  bool step_section() {
    if (take_raw_blanks()) return true;
    for (const std::string_view mark : {dialect_.call_begin, dialect_.section_end}) {
      const Sight sight = held_.sees(mark);
      if (sight == Sight::partly) return false;
      if (sight == Sight::no) continue;
      take_raw(mark.size());
      if (mark == dialect_.call_begin) return go(&Self::step_name);
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
    return go(&Self::step_before_arguments);
  }

  bool step_before_arguments() {
    if (take_raw_blanks()) return true;
    if (held_.text().front() != '{') return leave();
    forget_raw();
    out_.begin_call(name_.name, name_.id);
    has_call_ = true;
    extent_ = {};
    return go(&Self::step_arguments);
  }

  bool step_arguments() {
    std::string arguments;
    held_.drop(extent_.copy(held_.text(), arguments));
    out_.arguments(arguments);
    if (!extent_.is_done() && !extent_.is_wrong()) return false;
    out_.end_call();
    return extent_.is_done() ? go(&Self::step_tail) : leave();
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
  bool go_on() { return go(dialect_.section_begin.empty() ? &Self::step_content : &Self::step_section); }

  // No call, or none any more: what was kept and what follows are content.
  bool leave() {
    give_raw_back();
    has_call_ = false;
    return go(&Self::step_content);
  }

  const NamedCalls& dialect_;
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
