#include "grammar/uri.h"

#include <algorithm>
#include <vector>

#include "base/hex.h"

namespace estoc::grammar {
namespace {

struct Uri {
  std::string_view scheme, authority, path, query;
  bool has_scheme = false, has_authority = false, has_query = false;
};

bool is_scheme(std::string_view text) {
  for (const char c : text) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!is_letter && !(c >= '0' && c <= '9') && c != '+' && c != '-' && c != '.') return false;
  }
  return !text.empty();
}

Uri parse(std::string_view text) {
  Uri out;
  const size_t colon = text.find(':');
  if (colon != std::string_view::npos && is_scheme(text.substr(0, colon))) {
    out.has_scheme = true;
    out.scheme = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  const size_t query = text.find('?');
  if (query != std::string_view::npos) {
    out.has_query = true;
    out.query = text.substr(query + 1);
    text = text.substr(0, query);
  }
  if (text.starts_with("//")) {
    out.has_authority = true;
    text.remove_prefix(2);
    const size_t slash = text.find('/');
    out.authority = text.substr(0, slash);
    text = slash == std::string_view::npos ? std::string_view() : text.substr(slash);
  }
  out.path = text;
  return out;
}

std::string without_dots(std::string_view path) {
  std::vector<std::string_view> kept;
  const bool is_absolute = path.starts_with("/");
  bool is_open = false;  // ends as a folder
  for (size_t from = is_absolute ? 1 : 0; from <= path.size();) {
    const size_t end = std::min(path.find('/', from), path.size());
    const std::string_view part = path.substr(from, end - from);
    is_open = part == "." || part == "..";
    if (part == ".." && !kept.empty()) kept.pop_back();
    if (!is_open) kept.push_back(part);
    from = end + 1;
  }
  std::string out = is_absolute ? "/" : "";
  for (size_t i = 0; i < kept.size(); ++i) {
    if (i > 0) out += '/';
    out += kept[i];
  }
  if (is_open && !kept.empty()) out += '/';
  return out;
}

}  // namespace

std::pair<std::string, std::string> split_fragment(std::string_view uri) {
  const size_t hash = uri.find('#');
  if (hash == std::string_view::npos) return {std::string(uri), ""};
  std::string fragment;
  const std::string_view text = uri.substr(hash + 1);
  const auto digit = [&](size_t at) { return at < text.size() ? hex_digit(text[at]) : -1; };
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '%' && digit(at + 1) >= 0 && digit(at + 2) >= 0) {
      fragment += static_cast<char>(digit(at + 1) * 16 + digit(at + 2));
      at += 2;
    } else {
      fragment += text[at];
    }
  }
  return {std::string(uri.substr(0, hash)), fragment};
}

std::string resolve_uri(std::string_view base, std::string_view reference) {
  const size_t hash = reference.find('#');
  const std::string_view fragment = hash == std::string_view::npos ? std::string_view() : reference.substr(hash);
  reference = reference.substr(0, hash);
  base = base.substr(0, base.find('#'));
  if (reference.empty()) return std::string(base) + std::string(fragment);
  const Uri from = parse(base), to = parse(reference);
  if (to.has_scheme) return std::string(reference) + std::string(fragment);
  std::string path, query;
  bool has_query = to.has_query;
  query = to.query;
  std::string_view authority = to.has_authority ? to.authority : from.authority;
  const bool has_authority = to.has_authority || from.has_authority;
  if (to.has_authority || to.path.starts_with("/")) {
    path = without_dots(to.path);
  } else if (to.path.empty()) {
    path = from.path;
    if (!has_query) {
      has_query = from.has_query;
      query = from.query;
    }
  } else {
    const size_t slash = from.path.rfind('/');
    const std::string folder =
        slash == std::string_view::npos ? (has_authority ? "/" : "") : std::string(from.path.substr(0, slash + 1));
    path = without_dots(folder + std::string(to.path));
  }
  std::string out;
  if (from.has_scheme) out += std::string(from.scheme) + ":";
  if (has_authority) out += "//" + std::string(authority);
  out += path;
  if (has_query) out += "?" + query;
  return out + std::string(fragment);
}

}  // namespace estoc::grammar
