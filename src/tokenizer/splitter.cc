#include "tokenizer/splitter.h"

#include <algorithm>

#include "tokenizer/byte_level.h"
#include "tokenizer/library_characters.h"
#include "tokenizer/split_patterns.h"

namespace estoc {
namespace {

// A stretch of text and whether it is a delimiter; together they cover the text.
struct Stretch {
  size_t start;
  size_t end;
  bool is_delimiter;
};

void cover(std::vector<Stretch>& stretches, size_t start, size_t end) {
  const size_t covered = stretches.empty() ? 0 : stretches.back().end;
  if (start > covered) stretches.push_back({covered, start, false});
  stretches.push_back({start, end, true});
}

// Joins a delimiter to its neighbour: the one before it, or the one after it when `forward`. A delimiter next to
// another stays by itself, as do runs of them but for the one that touches the text.
void merge_delimiters(std::vector<Stretch>& stretches, bool forward) {
  std::vector<Stretch> merged;
  const size_t count = stretches.size();
  bool was_delimiter = false;
  for (size_t i = 0; i < count; ++i) {
    const Stretch& stretch = stretches[forward ? count - 1 - i : i];
    if (stretch.is_delimiter && !was_delimiter && !merged.empty()) {
      (forward ? merged.back().start : merged.back().end) = forward ? stretch.start : stretch.end;
    } else {
      merged.push_back(stretch);
    }
    was_delimiter = stretch.is_delimiter;
  }
  if (forward) std::reverse(merged.begin(), merged.end());
  stretches = std::move(merged);
}

void join_equal_neighbours(std::vector<Stretch>& stretches) {
  size_t kept = 0;
  for (size_t i = 1; i < stretches.size(); ++i) {
    if (stretches[i].is_delimiter == stretches[kept].is_delimiter) {
      stretches[kept].end = stretches[i].end;
    } else {
      stretches[++kept] = stretches[i];
    }
  }
  if (!stretches.empty()) stretches.resize(kept + 1);
}

// The matches are in `stretches`; the rest of the text is added, the rule applied and the pieces handed out.
void finish_split(std::string_view text, std::vector<Stretch> stretches, SplitRule rule,
                  std::vector<std::string_view>& pieces) {
  const size_t covered = stretches.empty() ? 0 : stretches.back().end;
  if (covered < text.size()) stretches.push_back({covered, text.size(), false});
  if (rule.invert) {
    for (Stretch& stretch : stretches) stretch.is_delimiter = !stretch.is_delimiter;
  }
  switch (rule.behavior) {
    case SplitBehavior::removed:
      std::erase_if(stretches, [](const Stretch& s) { return s.is_delimiter; });
      break;
    case SplitBehavior::isolated:
      break;
    case SplitBehavior::merged_with_previous:
      merge_delimiters(stretches, false);
      break;
    case SplitBehavior::merged_with_next:
      merge_delimiters(stretches, true);
      break;
    case SplitBehavior::contiguous:
      join_equal_neighbours(stretches);
      break;
  }
  for (const Stretch& stretch : stretches) pieces.push_back(text.substr(stretch.start, stretch.end - stretch.start));
}

class ScanSplitter : public Splitter {
 public:
  explicit ScanSplitter(ScanRule rule) : rule_(rule) {}
  void split(std::string_view text, std::vector<std::string_view>& pieces) const override {
    for (size_t at = 0; at < text.size();) {
      const size_t end = scan_word(rule_, text, at);
      pieces.push_back(text.substr(at, end - at));
      at = end;
    }
  }

 private:
  ScanRule rule_;
};

class RegexSplitter : public Splitter {
 public:
  RegexSplitter(std::string_view pattern, SplitRule rule, std::string_view where)
      : regex_(pattern, where), rule_(rule) {}
  void split(std::string_view text, std::vector<std::string_view>& pieces) const override {
    std::vector<Stretch> stretches;
    regex_.find_all(text, [&](size_t start, size_t end) { cover(stretches, start, end); });
    finish_split(text, std::move(stretches), rule_, pieces);
  }

 private:
  Regex regex_;
  SplitRule rule_;
};

class LiteralSplitter : public Splitter {
 public:
  LiteralSplitter(std::string literal, SplitRule rule) : literal_(std::move(literal)), rule_(rule) {}
  void split(std::string_view text, std::vector<std::string_view>& pieces) const override {
    std::vector<Stretch> stretches;
    for (size_t at = text.find(literal_); at != std::string_view::npos;
         at = text.find(literal_, at + literal_.size())) {
      cover(stretches, at, at + literal_.size());
    }
    finish_split(text, std::move(stretches), rule_, pieces);
  }

 private:
  std::string literal_;
  SplitRule rule_;
};

// Single characters for which `IsDelimiter` says so.
template <typename IsDelimiter>
class CharacterSplitter : public Splitter {
 public:
  CharacterSplitter(IsDelimiter is_delimiter, SplitRule rule) : is_delimiter_(is_delimiter), rule_(rule) {}
  void split(std::string_view text, std::vector<std::string_view>& pieces) const override {
    std::vector<Stretch> stretches;
    for (size_t at = 0; at < text.size();) {
      const Character c = character_at(text, at);
      if (is_delimiter_(c)) cover(stretches, at, at + c.bytes);
      at += c.bytes;
    }
    finish_split(text, std::move(stretches), rule_, pieces);
  }

 private:
  IsDelimiter is_delimiter_;
  SplitRule rule_;
};

template <typename IsDelimiter>
std::unique_ptr<Splitter> make_character_splitter(IsDelimiter is_delimiter, SplitRule rule) {
  return std::make_unique<CharacterSplitter<IsDelimiter>>(is_delimiter, rule);
}

// What stands before the first character that has a script belongs to no piece.
class ScriptSplitter : public Splitter {
 public:
  void split(std::string_view text, std::vector<std::string_view>& pieces) const override {
    int last = 0;
    size_t start = text.size();
    for (size_t at = 0; at < text.size();) {
      const Character c = character_at(text, at);
      const int script = c.code_point == ' ' ? 0 : script_of(c.code_point);
      if (script != 0 && script != last) {
        if (start < at) pieces.push_back(text.substr(start, at - start));
        start = at;
        last = script;
      }
      at += c.bytes;
    }
    if (start < text.size()) pieces.push_back(text.substr(start));
  }
};

class LengthSplitter : public Splitter {
 public:
  explicit LengthSplitter(size_t characters) : characters_(characters) {}
  void split(std::string_view text, std::vector<std::string_view>& pieces) const override {
    size_t start = 0, count = 0;
    for (size_t at = 0; at < text.size();) {
      at += character_at(text, at).bytes;
      if (++count < characters_ && at < text.size()) continue;
      pieces.push_back(text.substr(start, at - start));
      start = at;
      count = 0;
    }
  }

 private:
  size_t characters_;
};

// Characters of a byte-level spelling: one a byte of the text.
size_t spelled_bytes(std::string_view spelling) {
  return static_cast<size_t>(std::ranges::count_if(spelling, [](char c) { return (c & 0xC0) != 0x80; }));
}

class SpelledSplitter : public Splitter {
 public:
  explicit SpelledSplitter(std::unique_ptr<Splitter> splitter) : splitter_(std::move(splitter)) {}
  void split(std::string_view text, std::vector<std::string_view>& pieces) const override {
    const std::string spelling = spelling_of_bytes(text);
    std::vector<std::string_view> spelled;
    splitter_->split(spelling, spelled);
    size_t byte = 0;   // in the text
    size_t place = 0;  // of the same in its spelling
    for (const std::string_view piece : spelled) {
      const auto start = static_cast<size_t>(piece.data() - spelling.data());
      byte += spelled_bytes(std::string_view(spelling).substr(place, start - place));
      const size_t bytes = spelled_bytes(piece);
      pieces.push_back(text.substr(byte, bytes));
      byte += bytes;
      place = start + piece.size();
    }
  }

 private:
  std::unique_ptr<Splitter> splitter_;
};

}  // namespace

std::unique_ptr<Splitter> make_scan_splitter(ScanRule rule) { return std::make_unique<ScanSplitter>(rule); }

std::unique_ptr<Splitter> make_regex_splitter(std::string_view pattern, SplitRule rule, std::string_view where) {
  // The known patterns match everywhere, so isolated matches and removed gaps are the same pieces.
  const bool keeps_matches =
      (rule.behavior == SplitBehavior::isolated) || (rule.behavior == SplitBehavior::removed && rule.invert);
  if (const auto known = scan_rule_of(pattern); known && keeps_matches) return make_scan_splitter(*known);
  if (pattern == kDigitPattern) return make_class_splitter(kNumberClass, rule);
  return std::make_unique<RegexSplitter>(pattern, rule, where);
}

std::unique_ptr<Splitter> make_literal_splitter(std::string literal, SplitRule rule) {
  return std::make_unique<LiteralSplitter>(std::move(literal), rule);
}

std::unique_ptr<Splitter> make_class_splitter(ClassSet classes, SplitRule rule) {
  return make_character_splitter([classes](const Character& c) { return (c.classes & classes) != 0; }, rule);
}

std::unique_ptr<Splitter> make_punctuation_splitter(SplitRule rule) {
  const CodePointSet* punctuation = &punctuation_characters();
  return make_character_splitter([punctuation](const Character& c) { return punctuation->contains(c.code_point); },
                                 rule);
}

std::unique_ptr<Splitter> make_script_splitter() { return std::make_unique<ScriptSplitter>(); }

std::unique_ptr<Splitter> make_length_splitter(size_t characters) {
  return std::make_unique<LengthSplitter>(characters);
}

std::unique_ptr<Splitter> make_spelled_splitter(std::unique_ptr<Splitter> splitter) {
  return std::make_unique<SpelledSplitter>(std::move(splitter));
}

}  // namespace estoc
