#include "load/phrases.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include "base/check.h"

namespace estoc {
namespace {

// The length of the slot that begins at text[0], braces included; 0 when it is only a brace.
size_t slot_bytes(std::string_view text) {
  if (text.size() < 3 || text[0] != '{') return 0;
  const auto is_slot_char = [](char c) {
    return std::islower(static_cast<unsigned char>(c)) || std::isdigit(static_cast<unsigned char>(c)) || c == '#' ||
           c == '^' || c == '_' || c == '.' || c == ':';
  };
  size_t end = 1;
  while (end < text.size() && is_slot_char(text[end])) ++end;
  return end > 1 && end < text.size() && text[end] == '}' ? end + 1 : 0;
}

// "3..40"
std::optional<std::pair<int, int>> parse_range(std::string_view text) {
  const size_t dots = text.find("..");
  if (dots == text.npos) return std::nullopt;
  int low = 0, high = 0;
  const auto read = [](std::string_view digits, int& number) {
    return std::from_chars(digits.data(), digits.data() + digits.size(), number).ptr == digits.data() + digits.size();
  };
  ESTOC_CHECK(read(text.substr(0, dots), low) && read(text.substr(dots + 2), high) && low <= high);
  return std::pair{low, high};
}

// Whether `text` behind "a " wants "an ".
bool needs_an(std::string_view before, std::string_view text) {
  const bool is_article = before == "a " || before.ends_with(" a ");
  return is_article && !text.empty() && std::string_view("aeio").find(text[0]) != std::string_view::npos;
}

}  // namespace

std::string Phrases::fill(std::string_view pattern) {
  std::string out;
  for (size_t i = 0; i < pattern.size();) {
    const size_t bytes = slot_bytes(pattern.substr(i));
    if (bytes == 0) {
      out += pattern[i++];
    } else {
      const std::string text = fill_slot(pattern.substr(i + 1, bytes - 2));
      if (needs_an(out, text)) out.insert(out.size() - 1, "n");
      out += text;
      i += bytes;
    }
  }
  return out;
}

std::string Phrases::fill_slot(std::string_view slot) {
  const bool is_capital = slot.front() == '^';
  if (is_capital) slot.remove_prefix(1);
  const bool is_kept = slot.front() == '#';
  if (is_kept) slot.remove_prefix(1);
  const size_t colon = slot.find(':');
  const std::string_view name = slot.substr(0, colon);
  const std::string_view what = colon == slot.npos ? slot : slot.substr(colon + 1);

  std::string text;
  const auto kept = std::ranges::find(kept_, name, &std::pair<std::string, std::string>::first);
  if (is_kept && kept != kept_.end()) {
    text = kept->second;
  } else {
    if (const auto range = parse_range(what)) {
      text = std::to_string(draw_.between(range->first, range->second));
    } else {
      const auto found = std::ranges::find(phrase_slots(), what, &PhraseSlot::name);
      ESTOC_CHECK(found != phrase_slots().end());
      text = choose(found->choices);
    }
    if (is_kept) kept_.emplace_back(name, text);
  }
  if (is_capital && !text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

std::string Phrases::choose(std::span<const std::string_view> choices) {
  constexpr size_t kRecent = 6;
  constexpr int kTries = 4;
  std::string text;
  for (int i = 0; i < kTries; ++i) {
    text = fill(draw_.one_of(choices));
    if (std::ranges::find(recent_, text) == recent_.end()) break;
  }
  if (recent_.size() == kRecent) recent_.erase(recent_.begin());
  recent_.push_back(text);
  return text;
}

int count_words(std::string_view text) {
  int words = 0;
  bool is_inside = false;
  for (const char c : text) {
    const bool is_blank = c == ' ' || c == '\n';
    words += !is_blank && !is_inside;
    is_inside = !is_blank;
  }
  return words;
}

}  // namespace estoc
