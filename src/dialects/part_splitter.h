// Cuts the text of an answer into its parts while it is written: between the stop strings and the answer's format.
//
// What: one splitter sees the whole text of one choice, in pieces. What it hands out is never taken back, so text that
// may still become a mark is held back. Which splitter a model's chats need its dialect says (dialects/dialect.h).
// Threads: one at a time. Nothing throws.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "dialects/part.h"

namespace estoc {

class PartSplitter {
 public:
  virtual ~PartSplitter() = default;

  // Appends the parts that are certain with `text`: whole characters that follow those pushed before.
  virtual void push(std::string_view text, std::vector<Part>& parts) = 0;
  // Appends what was held back: the text is over.
  virtual void finish(std::vector<Part>& parts) = 0;
};

// All text is content.
class ContentSplitter final : public PartSplitter {
 public:
  void push(std::string_view text, std::vector<Part>& parts) override { append_part(parts, PartKind::content, text); }
  void finish(std::vector<Part>&) override {}
};

inline std::unique_ptr<PartSplitter> make_content_splitter() { return std::make_unique<ContentSplitter>(); }

}  // namespace estoc
