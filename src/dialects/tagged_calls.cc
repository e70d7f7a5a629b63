#include "dialects/tagged_calls.h"

#include <array>

#include "base/error.h"
#include "dialects/typed_text.h"
#include "dialects/written_argument.h"

namespace estoc {
namespace {

class TaggedSplitter final : public SteppedSplitter<TaggedSplitter> {
 public:
  TaggedSplitter(const TaggedCalls& dialect, CallContext context)
      : SteppedSplitter(std::move(context), CallIds::usual, &Self::step_content), dialect_(dialect) {}

 private:
  bool step_content() {
    const std::array marks{dialect_.section_begin, dialect_.call_begin};
    const HeldText::Found found = held_.find(marks);
    out_.content(held_.take(found.at));
    if (found.mark < 0) return false;
    has_call_ = false;
    take_raw(marks[static_cast<size_t>(found.mark)].size());
    return go(found.mark == 0 ? &Self::step_section : &Self::step_name);
  }

  bool step_section() {
    if (take_raw_blanks()) return true;
    for (const std::string_view mark : {dialect_.call_begin, dialect_.section_end}) {
      const Sight sight = held_.sees(mark);
      if (sight == Sight::partly) return false;
      if (sight == Sight::no) continue;
      take_raw(mark.size());
      if (mark == dialect_.call_begin) return go(&Self::step_name);
      break;
    }
    if (has_call_) forget_raw();
    give_raw_back();
    return go(&Self::step_content);
  }

  bool step_name() {
    const std::array marks{dialect_.name_end, dialect_.key_begin, dialect_.call_end};
    const HeldText::Found found = held_.find(marks);
    if (found.mark < 0 && found.at <= kNameBytesMax) return false;
    std::string name = held_.take(found.at <= kNameBytesMax ? found.at : 0);
    while (!name.empty() && kBlanks.find(name.back()) != std::string_view::npos) name.pop_back();
    if (name.empty() || name.find_first_of("<>\n") != std::string::npos) {
      take_back(name);
      return go(&Self::step_content);
    }
    if (found.mark == 0) held_.drop(dialect_.name_end.size());
    forget_raw();
    out_.begin_call(name);
    has_call_ = true;
    tool_ = find_tool(out_.tools(), name);
    arguments_ = 0;
    return go(&Self::step_members);
  }

  bool step_members() {
    const size_t blanks = held_.blanks();
    if (blanks > 0) {
      held_.drop(blanks);
      return true;
    }
    for (const std::string_view mark : {dialect_.key_begin, dialect_.call_end, dialect_.section_end}) {
      const Sight sight = held_.sees(mark);
      if (sight == Sight::partly) return false;
      if (sight == Sight::no) continue;
      if (mark == dialect_.key_begin) {
        held_.drop(mark.size());
        return go(&Self::step_key);
      }
      if (mark == dialect_.call_end) held_.drop(mark.size());
      return end_call();
    }
    end_call();
    return go(&Self::step_content);
  }

  bool step_key() {
    const std::array marks{dialect_.key_end};
    const HeldText::Found found = held_.find(marks);
    if (found.mark < 0 && found.at <= kNameBytesMax) return false;
    if (found.at > kNameBytesMax) {
      end_call();
      return go(&Self::step_content);
    }
    key_ = held_.take(found.at);
    held_.drop(dialect_.key_end.size());
    return go(&Self::step_before_value);
  }

  bool step_before_value() {
    if (!dialect_.value_begin.empty()) {
      const size_t blanks = held_.blanks();
      const Sight sight = held_.sees(dialect_.value_begin, blanks);
      if (sight == Sight::partly) return false;
      if (sight == Sight::no) return go(&Self::step_members);
      held_.drop(blanks + dialect_.value_begin.size());
    }
    const Json* schema = argument_schema(tool_, key_);
    streams_ = schema != nullptr && admits_strings_only(schema, tool_->parameters);
    value_.clear();
    searched_ = 0;
    is_at_start_ = true;
    std::string head = arguments_++ == 0 ? "{" : ", ";
    append_json_string(head, key_);
    out_.arguments(head + (streams_ ? ": \"" : ": "));
    return go(&Self::step_value);
  }

  bool step_value() {
    if (is_at_start_ && dialect_.has_lines && held_.text().front() == '\n') held_.drop(1);
    is_at_start_ = false;
    const std::array marks{dialect_.value_end};
    for (;;) {
      const HeldText::Found found = held_.find(marks, searched_);
      const size_t behind = found.at + dialect_.value_end.size();
      const Sight sight = found.mark < 0 ? Sight::partly : sees_end(behind);
      if (sight == Sight::no) {
        searched_ = behind;  // the tag is the value's own text
        continue;
      }
      if (sight == Sight::whole) {
        add_value(line_end_before(found.at));
        held_.drop(found.at + dialect_.value_end.size());
        return end_value();
      }
      if (held_.is_closed()) {
        add_value(held_.text().size());
        if (!streams_) out_.arguments(typed());
        return go(&Self::step_content);
      }
      const size_t certain = line_end_before(found.at);
      add_value(certain);
      searched_ = found.at - certain;
      held_.drop(certain);
      return false;
    }
  }

  // Whether a value's tag, which ends `behind` bytes from here, is its end: the text goes on as a call does.
  Sight sees_end(size_t behind) const {
    const size_t next = behind + held_.blanks(behind);
    if (next == held_.text().size()) return held_.is_closed() ? Sight::whole : Sight::partly;
    Sight best = Sight::no;
    for (const std::string_view mark : {dialect_.key_begin, dialect_.call_end, dialect_.section_end}) {
      best = std::max(best, held_.sees(mark, next));
    }
    return best;
  }

  size_t line_end_before(size_t at) const {
    return dialect_.has_lines && at > 0 && held_.text()[at - 1] == '\n' ? at - 1 : at;
  }

  void add_value(size_t bytes) {
    const std::string_view text = held_.text().substr(0, bytes);
    if (streams_) {
      out_.arguments(within_json_string(text));
    } else {
      value_ += text;
    }
  }

  std::string typed() const {
    return typed_value(value_, argument_schema(tool_, key_), tool_ == nullptr ? Json() : tool_->parameters);
  }

  bool end_value() {
    out_.arguments(streams_ ? "\"" : typed());
    return go(&Self::step_members);
  }

  bool end_call() {
    if (arguments_ > 0) out_.arguments("}");
    out_.end_call();
    return go(dialect_.section_begin.empty() ? &Self::step_content : &Self::step_section);
  }

  void take_back(std::string_view name) {
    give_raw_back();
    out_.content(name);
  }

  const TaggedCalls& dialect_;
  const Tool* tool_ = nullptr;
  std::string key_, value_;
  size_t searched_ = 0;
  int arguments_ = 0;
  bool streams_ = false, is_at_start_ = false;
  bool has_call_ = false;  // since the section began
};

Json member_format(const TaggedCalls& dialect, Json key, Json value) {
  const std::string line(dialect.line), value_line = dialect.has_lines ? "\n" : "";
  const std::string between = std::string(dialect.key_end) +
                              (dialect.value_begin.empty() ? "" : line + std::string(dialect.value_begin)) + value_line;
  return Form::sequence({Form::text(dialect.key_begin), std::move(key), Form::text(between), std::move(value),
                         Form::text(value_line + std::string(dialect.value_end) + line)});
}

Json members_format(const TaggedCalls& dialect, const Tool& tool) {
  Json::Array members;
  for (Argument& argument : arguments_of(tool)) {
    if (argument.name.find_first_of("<>\"\n") != std::string::npos) {
      fail(ErrorCode::unsupported,
           "tool \"{}\": argument \"{}\" cannot be written between the tags of this model's calls", tool.name,
           argument.name);
    }
    Json member = member_format(dialect, Form::text(argument.name),
                                written_argument(argument.schema, tool.parameters, dialect.value_end));
    members.push_back(argument.is_required ? std::move(member) : Form::optional(std::move(member)));
  }
  const bool is_open = tool.parameters.is_object() && tool.parameters.find("properties") == nullptr &&
                       tool.parameters != Json(Json::Object{}) &&
                       (tool.parameters.find("additionalProperties") == nullptr ||
                        *tool.parameters.find("additionalProperties") != Json(false));
  if (is_open) {
    members.push_back(Form::optional(Form::several(
        member_format(dialect, Form::regex("[A-Za-z0-9_.-]{1,64}"), Form::any_text({dialect.value_end})), "")));
  }
  return Form::sequence(std::move(members));
}

}  // namespace

std::unique_ptr<PartSplitter> make_tagged_splitter(const TaggedCalls& dialect, CallContext context) {
  return std::make_unique<TaggedSplitter>(dialect, std::move(context));
}

CallFormat tagged_format(const TaggedCalls& dialect, const CallRules& rules) {
  const std::string line(dialect.line);
  const bool has_section = !dialect.section_begin.empty();
  Json::Array calls;
  for (const Tool& tool : rules.tools) {
    const std::string_view name_line = dialect.name_end.ends_with('\n') ? std::string_view() : dialect.line;
    calls.push_back(Form::sequence({Form::text(tool.name + std::string(dialect.name_end) + std::string(name_line)),
                                    members_format(dialect, tool)}));
  }
  Json call =
      Form::sequence({Form::text(dialect.call_begin), Form::either(std::move(calls)), Form::text(dialect.call_end)});
  const Json begin = Form::text(has_section ? std::string(dialect.section_begin) + line : "");
  const Json end = Form::text(has_section ? line + std::string(dialect.section_end) : "");
  if (!dialect.has_many) call = Form::sequence({begin, std::move(call), end});
  if (rules.may_be_parallel) call = Form::several(std::move(call), dialect.line);
  if (dialect.has_many) call = Form::sequence({begin, std::move(call), end});
  return format_with_trigger(has_section ? dialect.section_begin : dialect.call_begin, std::move(call));
}

}  // namespace estoc
