// Whether a text is well-formed as XML, for tests: elements nest, attributes are quoted and given once, references are
// known. Knows what our reports use: no comments, no CDATA. For tests only.
#pragma once

#include <cctype>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.h"

namespace estoc {

class MarkupReader {
 public:
  explicit MarkupReader(std::string_view text) : text_(text) {}

  // Empty when it is well-formed; else what is wrong and what follows.
  std::string complaint() {
    if (!is_valid_utf8(text_)) return "broken UTF-8";
    if (text_.starts_with("<!DOCTYPE html>\n")) at_ = 16;
    while (at_ < text_.size() && problem_.empty()) {
      text_[at_] == '<' ? read_tag() : read_text();
    }
    if (problem_.empty() && !open_.empty()) problem_ = "not closed: " + open_.back();
    return problem_;
  }

  size_t count(std::string_view element) const { return elements_.count(std::string(element)); }

 private:
  void stop(const std::string& what) {
    if (problem_.empty()) problem_ = what + " before: " + std::string(text_.substr(at_, 60));
    at_ = text_.size();
  }
  void skip_blanks() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  std::string name() {
    const size_t begin = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '-')) ++at_;
    if (at_ == begin) stop("no name");
    return std::string(text_.substr(begin, at_ - begin));
  }

  void read_tag() {
    ++at_;
    if (at_ < text_.size() && text_[at_] == '/') {
      ++at_;
      const std::string closed = name();
      if (open_.empty() || open_.back() != closed) return stop("closes " + closed);
      open_.pop_back();
      if (at_ >= text_.size() || text_[at_++] != '>') stop("no >");
      return;
    }
    const std::string element = name();
    elements_.insert(element);
    std::set<std::string> attributes;
    for (skip_blanks(); at_ < text_.size() && text_[at_] != '>' && text_[at_] != '/'; skip_blanks()) {
      if (!attributes.insert(name()).second) return stop("an attribute twice");
      if (text_.substr(at_, 1) != "=" || at_ + 1 >= text_.size()) return stop("an attribute without a value");
      const char quote = text_[at_ + 1];
      if (quote != '"' && quote != '\'') return stop("an attribute without quotes");
      const size_t end = text_.find(quote, at_ + 2);
      if (end == text_.npos) return stop("a quote without an end");
      check_references(text_.substr(at_ + 2, end - at_ - 2));
      at_ = end + 1;
    }
    const bool is_empty = text_.substr(at_, 2) == "/>";
    if (!is_empty && text_.substr(at_, 1) != ">") return stop("no >");
    at_ += is_empty ? 2 : 1;
    if (!is_empty) open_.push_back(element);
  }

  void read_text() {
    const size_t end = std::min(text_.find('<', at_), text_.size());
    const std::string_view content = text_.substr(at_, end - at_);
    if (open_.empty() && content.find_first_not_of(" \n") != content.npos) return stop("text outside");
    check_references(content);
    if (problem_.empty()) at_ = end;
  }

  void check_references(std::string_view content) {
    if (content.find('<') != content.npos) return stop("a < inside");
    for (const char c : content) {
      if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') return stop("a control character");
    }
    for (size_t i = content.find('&'); i != content.npos; i = content.find('&', i + 1)) {
      const std::string_view rest = content.substr(i);
      bool is_known = false;
      for (const std::string_view known : {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"}) {
        is_known = is_known || rest.starts_with(known);
      }
      if (!is_known) return stop("an unknown reference");
    }
  }

  std::string_view text_;
  size_t at_ = 0;
  std::vector<std::string> open_;
  std::multiset<std::string> elements_;
  std::string problem_;
};

}  // namespace estoc
