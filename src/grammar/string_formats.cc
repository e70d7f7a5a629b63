#include "grammar/string_formats.h"

#include <string>

#include "base/error.h"
#include "grammar/regex_parser.h"

namespace estoc::grammar {
namespace {

constexpr int kHostnameCharsMax = 253;

// Years that have a 29 February: divisible by 4, and if by 100 then by 400.
constexpr std::string_view kLeapYear = "([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[048]|[2468][048]|[13579][26])00)";

std::string date() {
  return "([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|"
         "02-(0[1-9]|1[0-9]|2[0-8]))|" +
         std::string(kLeapYear) + "-02-29)";
}

std::string time() {
  return "(([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]+)?([zZ]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])|"
         "23:59:60(\\.[0-9]+)?([zZ]|[+-]00:00))";
}

std::string ipv4() {
  return "((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(\\.(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){3})";
}

// Eight groups of hexadecimal digits; the last two may be an IPv4 address, and one run of them may be "::".
std::string ipv6() {
  const std::string group = "[0-9A-Fa-f]{1,4}", last = "(" + group + ":" + group + "|" + ipv4() + ")";
  std::string out = "((" + group + ":){6}" + last;
  for (int before = 0; before <= 5; ++before) {
    const std::string left =
        before == 0 ? "" : "((" + group + ":){0," + std::to_string(before - 1) + "}" + group + ")?";
    out += "|" + left + "::(" + group + ":){0," + std::to_string(5 - before) + "}" + last;
  }
  out += "|((" + group + ":){0,5}" + group + ")?::" + group;
  out += "|((" + group + ":){0,6}" + group + ")?::)";
  return out;
}

const std::string& uri_char() {
  static const std::string text = "([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})";
  return text;
}

std::string authority() {
  const std::string name = "([A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*";
  const std::string user = "(([A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*@)?";
  return user + "(\\[(" + ipv6() + "|v[0-9A-Fa-f]+\\.[A-Za-z0-9._~!$&'()*+,;=:-]+)\\]|" + name + ")(:[0-9]*)?";
}

std::string uri_tail() { return "(\\?(" + uri_char() + "|[/?])*)?(#(" + uri_char() + "|[/?])*)?"; }

std::string uri() {
  const std::string& c = uri_char();
  return "[A-Za-z][A-Za-z0-9+.-]*:(//" + authority() + "(/" + c + "*)*|/(" + c + "+(/" + c + "*)*)?|(" + c + "+(/" + c +
         "*)*)?)" + uri_tail();
}

std::string uri_reference() {
  const std::string& c = uri_char();
  const std::string no_colon = "([A-Za-z0-9._~!$&'()*+,;=@-]|%[0-9A-Fa-f]{2})";
  return "(" + uri() + "|(//" + authority() + "(/" + c + "*)*|/(" + c + "+(/" + c + "*)*)?|(" + no_colon + "+(/" + c +
         "*)*)?)" + uri_tail() + ")";
}

std::string duration() {
  const std::string n = "[0-9]+";
  const std::string time = "T(" + n + "H(" + n + "M(" + n + "S)?)?|" + n + "M(" + n + "S)?|" + n + "S)";
  const std::string day = n + "D", month = n + "M(" + day + ")?", year = n + "Y(" + month + ")?";
  return "P((" + day + "|" + month + "|" + year + ")(" + time + ")?|" + time + "|" + n + "W)";
}

// Letters, digits and hyphens; a label with two hyphens at its third and fourth place would be an encoded one of
// other characters, and whether it is well encoded is no regular matter.
std::string hostname() {
  const std::string end = "[A-Za-z0-9]", any = "[A-Za-z0-9-]";
  const std::string label = end + "(" + end + "|" + any + end + "|" + any + any + end + "|" + any + "(" + end + any +
                            "|-" + end + ")" + any + "{0,58}" + end + ")?";
  return label + "(\\." + label + ")*";
}

std::string expression_of(std::string_view format) {
  if (format == "date") return date();
  if (format == "time") return time();
  if (format == "date-time") return date() + "[tT]" + time();
  if (format == "duration") return duration();
  if (format == "uuid") return "[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}";
  if (format == "ipv4") return ipv4();
  if (format == "ipv6") return ipv6();
  if (format == "uri") return uri();
  if (format == "uri-reference") return uri_reference();
  if (format == "json-pointer") return "(/([^~/]|~[01])*)*";
  if (format == "relative-json-pointer") return "(0|[1-9][0-9]*)(#|(/([^~/]|~[01])*)*)";
  if (format == "hostname") return hostname();
  if (format == "email") {
    const std::string atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
    const std::string label = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
    return "(" + atom + "(\\." + atom + ")*|\"([ !#-\\[\\]-~]|\\\\[ -~])*\")@(" + label + "(\\." + label + ")*|\\[(" +
           ipv4() + "|IPv6:" + ipv6() + ")\\])";
  }
  return "";
}

}  // namespace

RegexId format_regex(RegexArena& arena, std::string_view format) {
  const auto parse = [&](std::string_view text) { return parse_regex(arena, text, Find::whole); };
  const std::string expression = expression_of(format);
  if (expression.empty()) fail(ErrorCode::unsupported, "format '{}' is not supported", format);
  return format == "hostname" ? arena.limited(parse(expression), kHostnameCharsMax) : parse(expression);
}

}  // namespace estoc::grammar
