#include "dialects/literal_calls.h"

#include <algorithm>

#include "base/error.h"
#include "dialects/written_argument.h"

namespace estoc {
namespace {

bool is_name_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' ||
         c == '-' || c == '/' || c == ':';
}

class LiteralSplitter final : public SteppedSplitter<LiteralSplitter> {
 public:
  LiteralSplitter(const LiteralCalls& dialect, CallContext context)
      : SteppedSplitter(std::move(context), CallIds::usual, &Self::step_start),
        dialect_(dialect),
        extent_(dialect.style, ends_) {
    ends_ += ',';
    ends_ += dialect.close;
  }

 private:
  bool step_start() {
    if (!dialect_.begin.empty() && !dialect_.may_lack_begin) return go(&Self::step_content);
    if (take_raw_blanks()) return true;
    is_bare_ = held_.text().front() == '[';
    if (is_bare_) return go(&Self::step_section);
    return leave();
  }

  bool step_content() {
    if (!take_content_to(dialect_.begin)) return false;
    calls_before_ = out_.call_count();
    return go(&Self::step_section);
  }

  bool step_section() {
    const bool has_calls = out_.call_count() > calls_before_;
    const auto pass = [&](size_t bytes) { has_calls ? held_.drop(bytes) : take_raw(bytes); };
    const size_t filler = std::min(held_.text().find_first_not_of(" \t\r\n,;[]"), held_.text().size());
    if (filler > 0) {
      pass(filler);
      return true;
    }
    for (const std::string_view mark : {dialect_.end, dialect_.begin}) {
      const Sight sight = held_.sees(mark);
      if (sight == Sight::partly) return false;
      if (sight == Sight::no) continue;
      pass(mark.size());
      if (mark == dialect_.begin) return true;
      return leave();
    }
    const Sight sight = held_.sees(dialect_.prefix);
    if (sight == Sight::partly) return false;
    if (sight == Sight::whole) pass(dialect_.prefix.size());
    const bool is_name = sight == Sight::whole || (dialect_.prefix.empty() && is_name_char(held_.text().front()));
    return is_name ? go(&Self::step_name) : leave();
  }

  bool step_name() {
    const std::string_view text = held_.text();
    const size_t end =
        static_cast<size_t>(std::ranges::find_if_not(text, [](char c) { return is_name_char(c); }) - text.begin());
    if (end == text.size()) return false;
    const std::string name(text.substr(0, end));
    const Tool* tool = find_tool(out_.tools(), name);
    if (text[end] != dialect_.open || name.empty() || (is_bare_ && tool == nullptr)) return leave();
    held_.drop(end + 1);
    forget_raw();
    out_.begin_call(name);
    arguments_ = 0;
    return go(&Self::step_members);
  }

  bool step_members() {
    const size_t filler = std::min(held_.text().find_first_not_of(" \t\r\n,"), held_.text().size());
    held_.drop(filler);
    if (held_.empty()) return false;
    if (held_.text().front() != dialect_.close) return go(&Self::step_key);
    held_.drop(1);
    return end_call(&Self::step_section);
  }

  bool step_key() {
    const char marks[] = {dialect_.assign, dialect_.close, ',', '\n', '\0'};
    const size_t end = held_.text().find_first_of(marks);
    if (end == std::string_view::npos) return false;
    if (held_.text()[end] != dialect_.assign) return end_call(&Self::step_content);
    key_ = trimmed(held_.text().substr(0, end));
    for (const std::string_view quote : {std::string_view("\""), dialect_.style.quote}) {
      const bool is_quoted = !quote.empty() && key_.size() > 2 * quote.size() && key_.starts_with(quote);
      if (is_quoted && key_.ends_with(quote)) key_ = key_.substr(quote.size(), key_.size() - 2 * quote.size());
    }
    held_.drop(end + 1);
    extent_ = LiteralExtent(dialect_.style, ends_);
    return go(&Self::step_value);
  }

  bool step_value() {
    const size_t end = extent_.find_end(held_.text(), held_.is_closed());
    if (end == std::string_view::npos && !held_.is_closed()) return false;
    const std::string_view written = trimmed(held_.text().substr(0, end));
    std::string argument = arguments_++ == 0 ? "{" : ", ";
    append_json_string(argument, key_);
    argument += ": ";
    if (const auto json = literal_json(written, dialect_.style)) {
      argument += *json;
    } else {
      append_json_string(argument, written);
    }
    out_.arguments(argument);
    held_.drop(std::min(end, held_.text().size()));
    return go(&Self::step_members);
  }

  bool end_call(Step next) {
    if (arguments_ > 0) out_.arguments("}");
    out_.end_call();
    return go(next);
  }

  bool leave() {
    give_raw_back();
    is_bare_ = false;
    return go(&Self::step_content);
  }

  const LiteralCalls& dialect_;
  std::string ends_;
  LiteralExtent extent_;
  std::string key_;
  int calls_before_ = 0, arguments_ = 0;
  bool is_bare_ = false;
};

Json value_format(const LiteralCalls& dialect, const Argument& argument, const Tool& tool) {
  if (dialect.style.quote.empty()) return Form::schema(argument.schema);
  return written_argument(argument.schema, tool.parameters, dialect.style.quote, dialect.style.quote);
}

// Members with commas between those that are there: each that must be there, then any of the others.
Json members_format(const LiteralCalls& dialect, const Tool& tool) {
  std::vector<Argument> arguments = arguments_of(tool);
  std::ranges::stable_sort(arguments, std::greater(), &Argument::is_required);
  const std::string comma = dialect.style.quote.empty() ? ", " : ",";
  std::vector<Json> members;
  for (const Argument& argument : arguments) {
    if (argument.name.empty() || !std::ranges::all_of(argument.name, is_name_char) ||
        argument.name.find_first_of("/:") != std::string::npos) {
      fail(ErrorCode::unsupported, "tool \"{}\": argument \"{}\" is no name that this model's calls can have",
           tool.name, argument.name);
    }
    members.push_back(
        Form::sequence({Form::text(argument.name + dialect.assign), value_format(dialect, argument, tool)}));
  }
  // From member `first` on, which nothing stands before.
  Json::Array ways;
  for (size_t first = 0; first < members.size(); ++first) {
    Json::Array way{members[first]};
    for (size_t next = first + 1; next < members.size(); ++next) {
      Json with_comma = Form::sequence({Form::text(comma), members[next]});
      way.push_back(arguments[next].is_required ? std::move(with_comma) : Form::optional(std::move(with_comma)));
    }
    ways.push_back(Form::sequence(std::move(way)));
    if (arguments[first].is_required) return Form::either(std::move(ways));
  }
  return ways.empty() ? Form::text("") : Form::optional(Form::either(std::move(ways)));
}

}  // namespace

std::unique_ptr<PartSplitter> make_literal_splitter(const LiteralCalls& dialect, CallContext context) {
  return std::make_unique<LiteralSplitter>(dialect, std::move(context));
}

CallFormat literal_format(const LiteralCalls& dialect, const CallRules& rules) {
  Json::Array calls;
  for (const Tool& tool : rules.tools) {
    calls.push_back(Form::sequence({Form::text(std::string(dialect.prefix) + tool.name + dialect.open),
                                    members_format(dialect, tool), Form::text(std::string(1, dialect.close))}));
  }
  Json call = Form::either(std::move(calls));
  const std::string begin = std::string(dialect.begin) + (dialect.is_list ? "[" : "");
  const std::string end = (dialect.is_list ? "]" : "") + std::string(dialect.end);
  if (dialect.is_list && rules.may_be_parallel) call = Form::several(std::move(call), ", ");
  call = Form::sequence({Form::text(begin), std::move(call), Form::text(end)});
  if (!dialect.is_list && rules.may_be_parallel) call = Form::several(std::move(call), "");
  return dialect.begin.empty() ? format_at_beginning("[", std::move(call))
                               : format_with_trigger(dialect.begin, std::move(call));
}

}  // namespace estoc
