// What stands among the names of every template: range, namespace, dict, joiner, cycler and the functions of prompts.
#include <ctime>
#include <unordered_map>

#include "base/error.h"
#include "base/utf8.h"
#include "jinja/builtins.h"
#include "jinja/evaluator.h"
#include "jinja/failure.h"
#include "jinja/iteration.h"

namespace estoc::jinja {
namespace {

// `now` is seconds since 1970, written in local time. %f, which C lacks, is microseconds: always 000000 here.
std::string time_text(const std::string& format, int64_t now) {
  constexpr size_t kFormatBytesMax = 1024;
  if (format.size() > kFormatBytesMax) stop("strftime_now: the format is longer than {} bytes", kFormatBytesMax);
  std::string plain;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      plain += format[i];
    } else if (format[++i] == 'f') {
      plain += "000000";
    } else {
      // A padded width such as %99999d is a C extension; letters with E, O, _ and - in front are left to the library.
      if (format[i] >= '1' && format[i] <= '9') stop("strftime_now: widths in the format are not supported");
      plain += {'%', format[i]};
    }
  }
  plain += ' ';  // so that an empty result can be told from a failed one
  const auto seconds = static_cast<std::time_t>(now);
  std::tm local{};
  if (!localtime_r(&seconds, &local)) stop("strftime_now: the time is out of range");
  std::string out(64 * kFormatBytesMax, '\0');
  const size_t bytes = std::strftime(out.data(), out.size(), plain.c_str(), &local);
  if (bytes == 0) stop("strftime_now: the result is too long");
  out.resize(bytes - 1);
  if (!is_valid_utf8(out)) stop("strftime_now: the result is not text");
  return out;
}

Value range(Evaluator& evaluator, Arguments& arguments) {
  const Bound bound = Bound::by_position("range", arguments, {"start", "stop", "step"}, 1);
  const int64_t first = bound.integer(0, 0);
  Value made = bound.has(1) ? Value::range(first, bound.integer(1, 0), bound.integer(2, 1)) : Value::range(0, first, 1);
  evaluator.charge(made.weight() / 4);
  return made;
}

// The entries dict(...) and namespace(...) take: a mapping or pairs, then keywords.
Dict entries_of(const char* what, Evaluator& evaluator, Arguments& arguments) {
  Dict dict;
  if (arguments.positional.size() > 1) stop("{} expected at most 1 argument", what);
  if (!arguments.positional.empty()) {
    const Value& source = arguments.positional[0];
    evaluator.charge_walk(source);
    if (source.is_undefined()) stop("{}", source.undefined_reason());
    if (source.is_dict()) {
      dict = source.dict();
    } else {
      const auto all = iterate(source);
      for (const Value& pair : all->items) {
        const auto parts = iterate(pair);
        if (parts->items.size() != 2) stop("{}: every element must be a pair", what);
        dict.set(parts->items[0], parts->items[1]);
      }
    }
  }
  for (auto& [name, value] : arguments.keyword) dict.set(name, value);
  return dict;
}

Value make_dict(Evaluator& evaluator, Arguments& arguments) {
  return Value::dict(entries_of("dict", evaluator, arguments));
}

Value make_namespace(Evaluator& evaluator, Arguments& arguments) {
  auto space = std::make_shared<Namespace>();
  const Dict fields = entries_of("namespace", evaluator, arguments);
  for (const auto& [name, value] : fields.entries()) space->set(name, value);
  evaluator.keep(space);
  return Value::object(std::move(space));
}

Value make_joiner(Evaluator&, Arguments& arguments) {
  const Bound bound("joiner", arguments, {"sep"});
  return Value::object(std::make_shared<Joiner>(bound.has(0) ? bound.at(0) : Value::string(", ")));
}

Value make_cycler(Evaluator&, Arguments& arguments) {
  if (arguments.positional.empty() || !arguments.keyword.empty()) stop("cycler() takes at least one item");
  return Value::object(std::make_shared<Cycler>(Value::tuple(arguments.positional)));
}

Value raise_exception(Evaluator& evaluator, Arguments& arguments) {
  const Bound bound("raise_exception", arguments, {"message"}, 1);
  throw Error(ErrorCode::invalid_argument, evaluator.text_of(bound.at(0)));
}

Value from_keys(Evaluator& evaluator, Arguments& arguments) {
  const Bound bound = Bound::by_position("fromkeys", arguments, {"iterable", "value"}, 1);
  return dict_from_keys(evaluator, bound.at(0), bound.has(1) ? bound.at(1) : Value::none());
}

Value lipsum(Evaluator&, Arguments&) { stop("lipsum is for trying out pages: a chat template has no random text"); }

Value strftime_now(Evaluator& evaluator, Arguments& arguments) {
  const Bound bound("strftime_now", arguments, {"format"}, 1);
  evaluator.charge(64);
  return Value::string(time_text(bound.text(0, ""), evaluator.now()));
}

}  // namespace

Value find_global(std::string_view name) {
  static const std::unordered_map<std::string_view, NativeFunction> kFunctions = {{"range", range},
                                                                                  {"dict", make_dict},
                                                                                  {"namespace", make_namespace},
                                                                                  {"joiner", make_joiner},
                                                                                  {"cycler", make_cycler},
                                                                                  {"lipsum", lipsum},
                                                                                  {"raise_exception", raise_exception},
                                                                                  {"strftime_now", strftime_now}};
  const auto place = kFunctions.find(name);
  if (place == kFunctions.end()) return Value();
  return Value::object(std::make_shared<Function>(place->first.data(), place->second));
}

std::optional<Value> find_function_attribute(std::string_view function, std::string_view name) {
  if (function != "dict" || name != "fromkeys") return std::nullopt;
  return Value::object(std::make_shared<Function>("fromkeys", from_keys));
}

}  // namespace estoc::jinja
