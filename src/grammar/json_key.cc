#include "grammar/json_key.h"

#include <map>

#include "grammar/number_text.h"
#include "grammar/text_states.h"

namespace estoc::grammar {

std::string json_key(const Json& value) {
  if (value.is_number()) return Decimal::parse(to_json(value)).text();
  std::string out;
  if (value.is_array()) {
    for (const Json& item : value.as_array()) out += (out.empty() ? "[" : ",") + json_key(item);
    return out.empty() ? "[]" : out + "]";
  }
  if (value.is_object()) {
    std::map<std::string, const Json*> sorted;  // the last of equal names counts
    for (const auto& [name, member] : value.as_object()) sorted[name] = &member;
    for (const auto& [name, member] : sorted) {
      out += out.empty() ? "{" : ",";
      out += json_string(name) + ":" + json_key(*member);
    }
    return out.empty() ? "{}" : out + "}";
  }
  return value.is_string() ? json_string(value.as_string()) : to_json(value);
}

}  // namespace estoc::grammar
