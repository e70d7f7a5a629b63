#include "dialects/held_text.h"

#include <algorithm>

namespace estoc {

std::string_view trimmed(std::string_view text) {
  const size_t begin = std::min(text.find_first_not_of(kBlanks), text.size());
  return text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

void HeldText::add(std::string_view text) {
  text_.erase(0, begin_);
  begin_ = 0;
  text_ += text;
}

std::string HeldText::take(size_t bytes) {
  std::string taken(text().substr(0, bytes));
  drop(taken.size());
  return taken;
}

Sight HeldText::sees(std::string_view mark, size_t from) const {
  const std::string_view rest = text().substr(std::min(from, text().size()));
  if (mark.empty()) return Sight::no;
  if (rest.starts_with(mark)) return Sight::whole;
  return !is_closed_ && mark.starts_with(rest) ? Sight::partly : Sight::no;
}

HeldText::Found HeldText::find(std::span<const std::string_view> marks, size_t from) const {
  const std::string_view all = text();
  std::string firsts;
  for (const std::string_view mark : marks) {
    if (!mark.empty()) firsts += mark.front();
  }
  for (size_t at = all.find_first_of(firsts, from); at != std::string_view::npos;
       at = all.find_first_of(firsts, at + 1)) {
    Found found{at};
    bool is_partly = false;
    for (size_t i = 0; i < marks.size(); ++i) {
      const Sight sight = sees(marks[i], at);
      if (sight == Sight::partly) is_partly = true;
      const bool is_longer = found.mark < 0 || marks[i].size() > marks[static_cast<size_t>(found.mark)].size();
      if (sight == Sight::whole && is_longer) found.mark = static_cast<int>(i);
    }
    if (is_partly) return {at};
    if (found.mark >= 0) return found;
  }
  return {all.size()};
}

size_t HeldText::blanks(size_t from) const {
  const std::string_view rest = text().substr(std::min(from, text().size()));
  return std::min(rest.find_first_not_of(kBlanks), rest.size());
}

}  // namespace estoc
