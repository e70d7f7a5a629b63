#include "api/stop_matcher.h"

#include <algorithm>
#include <utility>

namespace estoc::api {

StopStrings::StopStrings(std::vector<std::string> texts) {
  if (texts.empty()) return;
  std::vector<Pattern> patterns;
  for (std::string& text : texts) {
    std::vector<uint32_t> borders(text.size());
    for (size_t i = 1; i < text.size(); ++i) {
      uint32_t border = borders[i - 1];
      while (border > 0 && text[border] != text[i]) border = borders[border - 1];
      borders[i] = border + (text[border] == text[i] ? 1 : 0);
    }
    patterns.push_back({std::move(text), std::move(borders)});
  }
  patterns_ = std::make_shared<const std::vector<Pattern>>(std::move(patterns));
}

size_t StopStrings::advance(size_t index, size_t matched, char next) const {
  const auto& [text, borders] = (*patterns_)[index];
  while (matched > 0 && text[matched] != next) matched = borders[matched - 1];
  return matched + (text[matched] == next ? 1 : 0);
}

StopMatcher::StopMatcher(StopStrings stops, bool include_stop)
    : stops_(std::move(stops)), include_stop_(include_stop), matched_bytes_(stops_.count()) {}

// Takes one more byte; true when stop strings end with it, of which the longest becomes matched_.
bool StopMatcher::finds_match(char next) {
  for (size_t i = 0; i < matched_bytes_.size(); ++i) {
    matched_bytes_[i] = stops_.advance(i, matched_bytes_[i], next);
    const std::string& stop = stops_.text(i);
    if (matched_bytes_[i] < stop.size()) continue;
    if (matched_ == nullptr || stop.size() > matched_->size()) matched_ = &stop;
  }
  return matched_ != nullptr;
}

std::string StopMatcher::push(std::string_view text) {
  if (matched_bytes_.empty()) return std::string(text);
  const auto end = std::ranges::find_if(text, [this](char next) { return finds_match(next); });
  held_ += text;
  if (matched_ == nullptr) {
    const size_t kept_bytes = *std::ranges::max_element(matched_bytes_);
    std::string released = held_.substr(0, held_.size() - kept_bytes);
    held_.erase(0, released.size());
    return released;
  }
  const auto unread_bytes = static_cast<size_t>(text.end() - end) - 1;
  held_.resize(held_.size() - unread_bytes - (include_stop_ ? 0 : matched_->size()));
  return std::exchange(held_, {});
}

std::string StopMatcher::finish() { return std::exchange(held_, {}); }

}  // namespace estoc::api
