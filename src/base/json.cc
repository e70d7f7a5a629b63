#include "base/json.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cmath>

#include "base/error.h"
#include "base/utf8.h"

namespace estoc {

const char* Json::type_name() const {
  static constexpr const char* kNames[] = {"null",   "boolean", "integer", "integer",
                                           "number", "string",  "array",   "object"};
  return kNames[value_.index()];
}

namespace {
[[noreturn]] void wrong_type(const char* expected, const Json& got) {
  fail(ErrorCode::invalid_argument, "expected {}, got {}", expected, got.type_name());
}
}  // namespace

bool Json::as_bool() const {
  if (const auto* value = std::get_if<bool>(&value_)) return *value;
  wrong_type("a boolean", *this);
}

int64_t Json::as_int() const {
  if (const auto* value = std::get_if<int64_t>(&value_)) return *value;
  if (const auto* value = std::get_if<double>(&value_)) {
    if (std::trunc(*value) == *value && std::fabs(*value) < 9.0e15) return static_cast<int64_t>(*value);
  }
  if (std::holds_alternative<uint64_t>(value_)) fail(ErrorCode::invalid_argument, "integer out of range");
  wrong_type("an integer", *this);
}

uint64_t Json::as_uint() const {
  if (const auto* value = std::get_if<uint64_t>(&value_)) return *value;
  const int64_t value = as_int();
  if (value < 0) fail(ErrorCode::invalid_argument, "expected a non-negative integer, got {}", value);
  return static_cast<uint64_t>(value);
}

double Json::as_double() const {
  if (const auto* value = std::get_if<double>(&value_)) return *value;
  if (const auto* value = std::get_if<int64_t>(&value_)) return static_cast<double>(*value);
  if (const auto* value = std::get_if<uint64_t>(&value_)) return static_cast<double>(*value);
  wrong_type("a number", *this);
}

const std::string& Json::as_string() const {
  if (const auto* value = std::get_if<std::string>(&value_)) return *value;
  wrong_type("a string", *this);
}

const Json::Array& Json::as_array() const {
  if (const auto* value = std::get_if<Array>(&value_)) return *value;
  wrong_type("an array", *this);
}

const Json::Object& Json::as_object() const {
  if (const auto* value = std::get_if<Object>(&value_)) return *value;
  wrong_type("an object", *this);
}

Json::Array& Json::as_array() { return const_cast<Array&>(std::as_const(*this).as_array()); }
Json::Object& Json::as_object() { return const_cast<Object&>(std::as_const(*this).as_object()); }

const Json* Json::find(std::string_view key) const {
  const auto* object = std::get_if<Object>(&value_);
  if (object == nullptr) return nullptr;
  for (auto it = object->rbegin(); it != object->rend(); ++it) {
    if (it->first == key) return &it->second;
  }
  return nullptr;
}

Json& Json::set(std::string_view key, Json value) {
  if (is_null()) value_ = Object{};
  Object& object = as_object();
  for (auto& [name, existing] : object) {
    if (name == key) return existing = std::move(value);
  }
  return object.emplace_back(std::string(key), std::move(value)).second;
}

void Json::push_back(Json value) {
  if (is_null()) value_ = Array{};
  as_array().push_back(std::move(value));
}

namespace {

Json convert(const simdjson::dom::element& element) {
  using simdjson::dom::element_type;
  switch (element.type()) {
    case element_type::NULL_VALUE:
      return Json();
    case element_type::BOOL:
      return Json(bool(element.get_bool().value_unsafe()));
    case element_type::INT64:
      return Json(int64_t(element.get_int64().value_unsafe()));
    case element_type::UINT64:
      return Json(uint64_t(element.get_uint64().value_unsafe()));
    case element_type::DOUBLE:
      return Json(double(element.get_double().value_unsafe()));
    case element_type::STRING:
      return Json(std::string_view(element.get_string().value_unsafe()));
    case element_type::ARRAY: {
      Json::Array array;
      const simdjson::dom::array source = element.get_array().value_unsafe();
      array.reserve(source.size());
      for (const simdjson::dom::element item : source) array.push_back(convert(item));
      return Json(std::move(array));
    }
    case element_type::OBJECT: {
      Json::Object object;
      const simdjson::dom::object source = element.get_object().value_unsafe();
      object.reserve(source.size());
      for (const auto field : source) object.emplace_back(std::string(field.key), convert(field.value));
      return Json(std::move(object));
    }
  }
  return Json();
}

// The reader refuses integers past 64 bits, which real files hold (tokenizer_config.json's model_max_length). Outside
// strings, an integer of 19 digits or more gets an exponent of zero, which makes it a double.
std::string with_long_integers_as_doubles(std::string_view text) {
  constexpr size_t kDigitsSafe = 18;
  std::string out;
  out.reserve(text.size() + 16);
  bool is_in_string = false;
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    const auto is_digit = [&](size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
    if (is_in_string || !is_digit(i)) {
      if (c == '"') is_in_string = !is_in_string;
      if (is_in_string && c == '\\' && i + 1 < text.size()) out.push_back(text[i++]);
      out.push_back(text[i++]);
      continue;
    }
    size_t end = i;
    while (is_digit(end)) ++end;
    const size_t digits = end - i;
    const bool is_fraction =
        i > 0 && (text[i - 1] == '.' || text[i - 1] == 'e' || text[i - 1] == 'E' || text[i - 1] == '+');
    const bool goes_on = end < text.size() && (text[end] == '.' || text[end] == 'e' || text[end] == 'E');
    out.append(text, i, digits);
    if (digits > kDigitsSafe && !is_fraction && !goes_on) out += "e0";
    i = end;
  }
  return out;
}

}  // namespace

Json parse_json(std::string_view text, int depth_max) {
  simdjson::dom::parser parser;
  if (const auto error = parser.allocate(std::max<size_t>(text.size(), 64), static_cast<size_t>(depth_max))) {
    fail(ErrorCode::invalid_argument, "malformed JSON: {}", simdjson::error_message(error));
  }
  simdjson::dom::element root;
  auto error = parser.parse(text.data(), text.size()).get(root);
  if (error == simdjson::NUMBER_ERROR) error = parser.parse(with_long_integers_as_doubles(text)).get(root);
  if (error) {
    if (error == simdjson::DEPTH_ERROR) {
      fail(ErrorCode::invalid_argument, "malformed JSON: nested deeper than {} levels", depth_max);
    }
    fail(ErrorCode::invalid_argument, "malformed JSON: {}", simdjson::error_message(error));
  }
  return convert(root);
}

void append_json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  size_t i = 0;
  while (i < text.size()) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {
      const int bytes = utf8_sequence_bytes(text.substr(i));
      if (bytes <= 0) {
        out += "\xEF\xBF\xBD";
        ++i;
      } else {
        out.append(text, i, static_cast<size_t>(bytes));
        i += static_cast<size_t>(bytes);
      }
      continue;
    }
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (c < 0x20 || c == 0x7f) {
          fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
        } else {
          out.push_back(static_cast<char>(c));
        }
    }
    ++i;
  }
  out.push_back('"');
}

void append_json(std::string& out, const Json& value) {
  if (value.is_null()) {
    out += "null";
  } else if (value.is_bool()) {
    out += value.as_bool() ? "true" : "false";
  } else if (value.is_string()) {
    append_json_string(out, value.as_string());
  } else if (value.is_array()) {
    out.push_back('[');
    bool is_first = true;
    for (const Json& item : value.as_array()) {
      if (!std::exchange(is_first, false)) out.push_back(',');
      append_json(out, item);
    }
    out.push_back(']');
  } else if (value.is_object()) {
    out.push_back('{');
    bool is_first = true;
    for (const auto& [key, item] : value.as_object()) {
      if (!std::exchange(is_first, false)) out.push_back(',');
      append_json_string(out, key);
      out.push_back(':');
      append_json(out, item);
    }
    out.push_back('}');
  } else if (value.is_int()) {
    if (value.as_double() >= 0) {
      fmt::format_to(std::back_inserter(out), "{}", value.as_uint());
    } else {
      fmt::format_to(std::back_inserter(out), "{}", value.as_int());
    }
  } else {
    const double number = value.as_double();
    if (!std::isfinite(number)) {
      out += "null";
    } else {
      fmt::format_to(std::back_inserter(out), "{}", number);
    }
  }
}

std::string to_json(const Json& value) {
  std::string out;
  append_json(out, value);
  return out;
}

}  // namespace estoc
