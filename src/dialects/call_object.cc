#include "dialects/call_object.h"

#include "base/error.h"
#include "base/json.h"
#include "dialects/held_text.h"

namespace estoc {
namespace {

// The text of a JSON string, or nothing when it is none.
std::string unquoted(std::string_view written) {
  try {
    return parse_json(written).as_string();
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

size_t CallObject::read(std::string_view text, CallOutput& out) {
  size_t at = 0;
  while (at < text.size() && !is_done() && !is_wrong()) {
    if (place_ == Place::key || place_ == Place::value) {
      at += read_value(text.substr(at), out);
    } else if (kBlanks.find(text[at]) != std::string_view::npos) {
      ++at;
    } else if (place_ == Place::before_value) {
      extent_ = {};
      place_ = Place::value;
      // A string of JSON is read whole; everything else is its own text.
      streams_ = member_ == Member::arguments && text[at] != '"' && text[at] != 'n';
    } else {
      read_structure(text[at], out);
      if (place_ != Place::wrong && place_ != Place::key) ++at;
    }
  }
  return at;
}

void CallObject::read_structure(char c, CallOutput& out) {
  const auto go = [&](char expected, Place next) { place_ = c == expected ? next : Place::wrong; };
  if (place_ == Place::open) return go('{', Place::key_or_end);
  if (place_ == Place::colon) return go(':', Place::before_value);
  if (place_ == Place::key_or_end && c == '"') {
    extent_ = {};
    place_ = Place::key;
    return;
  }
  if (place_ == Place::comma_or_end && c == ',') {
    place_ = Place::key_or_end;
    return;
  }
  go('}', Place::done);
  if (!is_done()) return;
  if (!has_begun_) {
    place_ = Place::wrong;
    return;
  }
  out.end_call();
}

size_t CallObject::read_value(std::string_view text, CallOutput& out) {
  const size_t bytes = extent_.copy(text, value_);
  if (streams_ && has_begun_) {
    out.arguments(value_);
    value_.clear();
  }
  if (extent_.is_wrong()) {
    place_ = Place::wrong;
  } else if (extent_.is_done()) {
    if (place_ == Place::key) {
      end_key();
    } else {
      end_value(out);
    }
    value_.clear();
  }
  return bytes;
}

void CallObject::end_key() {
  const std::string key = unquoted(value_);
  place_ = Place::colon;
  streams_ = false;
  if (key == names_.name || key == "name" || (key == "function" && !has_begun_)) {
    member_ = has_begun_ ? Member::other : Member::name;
  } else if (key == names_.arguments || key == "arguments" || key == "parameters") {
    member_ = has_arguments_ ? Member::other : Member::arguments;
    has_arguments_ = true;
  } else {
    member_ = Member::other;
    if (names_.only_known && key != "type" && key != "id") place_ = Place::wrong;
  }
}

void CallObject::end_value(CallOutput& out) {
  place_ = Place::comma_or_end;
  if (member_ == Member::name) {
    const std::string name = unquoted(value_);
    const bool is_known = !names_.only_known || find_tool(out.tools(), name) != nullptr;
    if (name.empty() || !is_known) {
      place_ = Place::wrong;
      return;
    }
    begin(name, out);
  } else if (member_ == Member::arguments && !(streams_ && has_begun_)) {
    std::string arguments = value_ == "null" ? std::string() : value_;
    if (arguments.starts_with('"')) arguments = unquoted(arguments);
    if (has_begun_) {
      out.arguments(arguments);
    } else {
      arguments_ = std::move(arguments);
    }
  }
  streams_ = false;
}

void CallObject::begin(const std::string& name, CallOutput& out) {
  has_begun_ = true;
  out.begin_call(name);
  out.arguments(arguments_);
  arguments_.clear();
}

}  // namespace estoc
