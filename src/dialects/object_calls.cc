#include "dialects/object_calls.h"

namespace estoc {
namespace {

class ObjectSplitter final : public SteppedSplitter<ObjectSplitter> {
 public:
  ObjectSplitter(const ObjectCalls& dialect, CallContext context)
      : SteppedSplitter(std::move(context), dialect.ids, &Self::step_start), dialect_(dialect) {}

 private:
  // Before anything was said: without a mark only the very beginning may be a call.
  bool step_start() {
    if (!dialect_.may_lack_begin) return go(&Self::step_content);
    if (take_raw_blanks()) return true;
    const bool is_object = held_.text().front() == '{';
    if (is_object) return begin_object(true);
    give_raw_back();
    return go(&Self::step_content);
  }

  bool step_content() {
    if (!take_content_to(dialect_.begin)) return false;
    calls_before_ = out_.call_count();
    return go(&Self::step_section);
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
      return go(mark == dialect_.end ? &Self::step_content : &Self::step_section);
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
    if (object_.is_done()) return go(&Self::step_section);
    return false;
  }

  bool begin_object(bool is_bare) {
    is_bare_ = is_bare;
    CallObjectNames names = dialect_.names;
    names.only_known = is_bare;
    object_ = CallObject(names);
    return go(&Self::step_object);
  }

  // Something that is no call: what was kept of it and what follows are content.
  bool end_section() {
    give_raw_back();
    is_bare_ = false;
    return go(&Self::step_content);
  }

  const ObjectCalls& dialect_;
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
