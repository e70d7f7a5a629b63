// A splitter for tests: what stands between <r> and </r> is reasoning.
#pragma once

#include <algorithm>
#include <memory>
#include <string>

#include "dialects/part_splitter.h"

namespace estoc::api {

class ReasoningSplitter final : public PartSplitter {
 public:
  void push(std::string_view text, std::vector<Part>& parts) override {
    held_ += text;
    for (;;) {
      const std::string mark = kind_ == PartKind::content ? "<r>" : "</r>";
      const size_t at = held_.find(mark);
      if (at == std::string::npos) break;
      append_part(parts, kind_, held_.substr(0, at));
      held_.erase(0, at + mark.size());
      kind_ = kind_ == PartKind::content ? PartKind::reasoning : PartKind::content;
    }
    // Any "<" may begin a mark.
    const size_t certain = std::min(held_.find('<'), held_.size());
    append_part(parts, kind_, held_.substr(0, certain));
    held_.erase(0, certain);
  }
  void finish(std::vector<Part>& parts) override {
    append_part(parts, kind_, held_);
    held_.clear();
  }

 private:
  PartKind kind_ = PartKind::content;
  std::string held_;
};

inline std::unique_ptr<PartSplitter> make_reasoning_splitter() { return std::make_unique<ReasoningSplitter>(); }

}  // namespace estoc::api
