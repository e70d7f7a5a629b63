#include "api/stop_matcher.h"

#include <algorithm>
#include <utility>

namespace estoc::api {
namespace {

// Length of the longest end of `text` that is the beginning, but not the whole, of `stop`.
size_t unfinished_bytes(std::string_view text, std::string_view stop) {
  for (size_t bytes = std::min(text.size(), stop.size() - 1); bytes > 0; --bytes) {
    if (text.ends_with(stop.substr(0, bytes))) return bytes;
  }
  return 0;
}

}  // namespace

StopMatcher::StopMatcher(std::vector<std::string> stops, bool include_stop)
    : stops_(std::move(stops)), include_stop_(include_stop) {}

std::string StopMatcher::push(std::string_view text) {
  if (stops_.empty()) return std::string(text);
  held_ += text;
  size_t match_end = std::string::npos;
  for (const std::string& stop : stops_) {
    const size_t begin = held_.find(stop);
    if (begin == std::string::npos) continue;
    const size_t end = begin + stop.size();
    if (end > match_end || (end == match_end && stop.size() < matched_->size())) continue;
    match_end = end;
    matched_ = &stop;
  }
  size_t released_bytes = 0;
  if (matched_ != nullptr) {
    released_bytes = include_stop_ ? match_end : match_end - matched_->size();
  } else {
    size_t kept_bytes = 0;
    for (const std::string& stop : stops_) kept_bytes = std::max(kept_bytes, unfinished_bytes(held_, stop));
    released_bytes = held_.size() - kept_bytes;
  }
  std::string released = held_.substr(0, released_bytes);
  held_.erase(0, matched_ != nullptr ? held_.size() : released_bytes);
  return released;
}

std::string StopMatcher::finish() { return std::exchange(held_, {}); }

}  // namespace estoc::api
